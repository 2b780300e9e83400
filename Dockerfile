FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY .ci/requirements.txt .ci/requirements.txt
RUN pip install --require-hashes --requirement .ci/requirements.txt
COPY . .
RUN python -m compileall -q tracker plex \
    && groupadd --gid 10001 tracker \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin tracker \
    && install -d -m 700 -o tracker -g tracker /data

USER 10001:10001
ENV DATA_DIR=/data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", \
    "import os, urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:' + (os.environ.get('PORT') or '8000') + '/healthz', headers={'Host': 'localhost'}), timeout=4)"]
CMD ["python", "manage.py", "run"]
