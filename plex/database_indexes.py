"""How a migration changes the indexes of a table that may hold a million rows, while it is written to.

PostgreSQL builds and drops them beside what goes on ("concurrently"), which no transaction may hold:
the migration sets `atomic = False`. What an earlier run left half done is begun anew, so that a
migration that was broken off can be run again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.migrations import AddIndex, AlterField, RemoveIndex
from django.db.migrations.state import ProjectState
from django.db.models import Index

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.models import Model


class AddIndexBeside(AddIndex):
    atomic = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        add(schema_editor, to_state.apps.get_model(app_label, self.model_name), self.index)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        drop(schema_editor, self.index.name)


class RemoveIndexBeside(RemoveIndex):
    atomic = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        drop(schema_editor, self.name)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        index = to_state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
        add(schema_editor, to_state.apps.get_model(app_label, self.model_name), index)


class DropFieldIndex(AlterField):
    """The field is the same but for `db_index=False`; on SQLite `AlterField` would write every row anew."""

    atomic = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        drop(schema_editor, self.index_name(schema_editor, model))

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        name = self.index_name(schema_editor, model)
        add(schema_editor, model, Index(fields=[self.name], name=name))

    def index_name(self, schema_editor: BaseDatabaseSchemaEditor, model: type[Model]) -> str:
        """As Django named it."""
        (column,) = (item.column for item in model._meta.concrete_fields if item.name == self.name)
        name: str = schema_editor._create_index_name(model._meta.db_table, [column])  # type: ignore[attr-defined]
        return name


def add(schema_editor: BaseDatabaseSchemaEditor, model: type[Model], index: Index) -> None:
    drop(schema_editor, index.name)
    if is_beside(schema_editor):
        schema_editor.add_index(model, index, concurrently=True)  # type: ignore[call-arg]
    else:
        schema_editor.add_index(model, index)


def drop(schema_editor: BaseDatabaseSchemaEditor, name: str) -> None:
    beside = "CONCURRENTLY " if is_beside(schema_editor) else ""
    quoted = schema_editor.quote_name(name)
    schema_editor.execute(f"DROP INDEX {beside}IF EXISTS {quoted}", params=None)


def is_beside(schema_editor: BaseDatabaseSchemaEditor) -> bool:
    """Not within a transaction of somebody who makes the whole database anew, to which nobody writes."""
    connection = schema_editor.connection
    return connection.vendor == "postgresql" and not connection.in_atomic_block
