"""Names and first years of real shows, with the country where it tells namesakes apart."""

from __future__ import annotations

from dataclasses import dataclass

# Many of them for the trouble with their names: namesakes, numbers, marks, one name within another.
NAMES = """
The Office|2001|GB; The Office|2005|US; Shameless|2004|GB; Shameless|2011|US; Skins|2007|GB
Skins|2011|US; Being Human|2008|GB; Being Human|2011|US; House of Cards|1990|GB
House of Cards|2013|US; Ghosts|2019|GB; Ghosts|2021|US; Utopia|2013|GB; Utopia|2020|US
Queer as Folk|1999|GB; Queer as Folk|2000|US; Queer as Folk|2022|US; Life on Mars|2006|GB
Life on Mars|2008|US; The Killing|2007|DK; The Killing|2011|US; The Bridge|2011|SE
The Bridge|2013|US; Doctor Who|1963|GB; Doctor Who|2005|GB; Battlestar Galactica|1978|US
Battlestar Galactica|2004|US; Dynasty|1981|US; Dynasty|2017|US; MacGyver|1985|US; MacGyver|2016|US
Magnum, P.I.|1980|US; Magnum P.I.|2018|US; Charmed|1998|US; Charmed|2018|US; Kung Fu|1972|US
Kung Fu|2021|US; Perry Mason|1957|US; Perry Mason|2020|US; Frasier|1993|US; Frasier|2023|US
Night Court|1984|US; Night Court|2023|US; Quantum Leap|1989|US; Quantum Leap|2022|US
The Wonder Years|1988|US; The Wonder Years|2021|US; Gossip Girl|2007|US; Gossip Girl|2021|US
Party of Five|1994|US; Party of Five|2020|US; One Day at a Time|1975|US; One Day at a Time|2017|US
Lost in Space|1965|US; Lost in Space|2018|US; The Twilight Zone|1959|US; The Twilight Zone|1985|US
The Twilight Zone|2002|US; The Twilight Zone|2019|US; The Equalizer|1985|US; The Equalizer|2021|US
Matlock|1986|US; Matlock|2024|US; Dark Matter|2015|CA; Dark Matter|2024|US; One Piece|1999|JP
One Piece|2023|US; Cowboy Bebop|1998|JP; Cowboy Bebop|2021|US; Hunter x Hunter|1999|JP
Hunter x Hunter|2011|JP; Fruits Basket|2001|JP; Fruits Basket|2019|JP; Sailor Moon|1992|JP
Trigun|1998|JP; Trigun Stampede|2023|JP; Fullmetal Alchemist|2003|JP
Fullmetal Alchemist: Brotherhood|2009|JP; Avatar: The Last Airbender|2005|US
Avatar: The Last Airbender|2024|US; Ben 10|2005|US; Ben 10|2016|US; DuckTales|1987|US
DuckTales|2017|US; ThunderCats|1985|US; ThunderCats|2011|US; Teen Titans|2003|US
Teen Titans Go!|2013|US; Hawaii Five-O|1968|US; Hawaii Five-0|2010|US; V|1984|US; V|2009|US
The Tomorrow People|1973|GB; The Tomorrow People|2013|US; Bionic Woman|2007|US
The Bionic Woman|1976|US; Beauty and the Beast|1987|US; Beauty and the Beast|2012|US
Naruto|2002|JP; Naruto Shippuden|2007|JP; Dragon Ball|1986|JP; Dragon Ball Z|1989|JP
Dragon Ball Super|2015|JP; Bleach|2004|JP; Attack on Titan|2013|JP; Death Note|2006|JP
My Hero Academia|2016|JP; Jujutsu Kaisen|2020|JP; Demon Slayer: Kimetsu no Yaiba|2019|JP
Spy x Family|2022|JP; Chainsaw Man|2022|JP; Vinland Saga|2019|JP; Steins;Gate|2011|JP
Code Geass: Lelouch of the Rebellion|2006|JP; Neon Genesis Evangelion|1995|JP; Haikyu!!|2014|JP
Gintama|2006|JP; Black Clover|2017|JP; Fairy Tail|2009|JP; Detective Conan|1996|JP
Pokémon|1997|JP; Mushishi|2005|JP; Monster|2004|JP; JoJo's Bizarre Adventure|2012|JP
Mob Psycho 100|2016|JP; One-Punch Man|2015|JP; Made in Abyss|2017|JP
Frieren: Beyond Journey's End|2023|JP; Oshi no Ko|2023|JP
The Tonight Show Starring Jimmy Fallon|2014|US; The Daily Show|1996|US
Late Night with Seth Meyers|2014|US; Last Week Tonight with John Oliver|2014|US
The Late Show with Stephen Colbert|2015|US; Real Time with Bill Maher|2003|US
Jimmy Kimmel Live!|2003|US; Jeopardy!|1984|US; Wheel of Fortune|1983|US; heute-show|2009|DE
Tagesschau|1952|DE; EastEnders|1985|GB; Coronation Street|1960|GB; Emmerdale|1972|GB
Days of Our Lives|1965|US; General Hospital|1963|US; Neighbours|1985|AU; Home and Away|1988|AU
Breaking Bad|2008|US; Better Call Saul|2015|US; The Wire|2002|US; The Sopranos|1999|US
Mad Men|2007|US; Game of Thrones|2011|US; House of the Dragon|2022|US; Lost|2004|US
The X-Files|1993|US; Twin Peaks|1990|US; Star Trek|1966|US; Star Trek: The Next Generation|1987|US
Star Trek: Deep Space Nine|1993|US; Star Trek: Voyager|1995|US; Star Trek: Discovery|2017|US
Star Trek: Picard|2020|US; Star Trek: Strange New Worlds|2022|US; Stargate SG-1|1997|US
Stargate Atlantis|2004|US; Firefly|2002|US; Buffy the Vampire Slayer|1997|US; Angel|1999|US
Farscape|1999|AU; Babylon 5|1994|US; Fringe|2008|US; The Expanse|2015|US; Westworld|2016|US
Severance|2022|US; Silo|2023|US; Foundation|2021|US; Andor|2022|US; The Mandalorian|2019|US
The Book of Boba Fett|2021|US; Ahsoka|2023|US; Loki|2021|US; WandaVision|2021|US
Marvel's Daredevil|2015|US; Marvel's Agents of S.H.I.E.L.D.|2013|US; The Flash|2014|US
Arrow|2012|US; Supergirl|2015|US; Smallville|2001|US; Gotham|2014|US; Peacemaker|2022|US
The Boys|2019|US; Gen V|2023|US; Invincible|2021|US; Archer|2009|US; Rick and Morty|2013|US
The Simpsons|1989|US; Futurama|1999|US; South Park|1997|US; Family Guy|1999|US
American Dad!|2005|US; Bob's Burgers|2011|US; King of the Hill|1997|US; BoJack Horseman|2014|US
Bluey|2018|AU; Peppa Pig|2004|GB; PAW Patrol|2013|CA; SpongeBob SquarePants|1999|US
Adventure Time|2010|US; Steven Universe|2013|US; Gravity Falls|2012|US; Regular Show|2010|US
Phineas and Ferb|2007|US; Friends|1994|US; Seinfeld|1989|US; How I Met Your Mother|2005|US
The Big Bang Theory|2007|US; Young Sheldon|2017|US; Two and a Half Men|2003|US
2 Broke Girls|2011|US; 30 Rock|2006|US; Parks and Recreation|2009|US; Community|2009|US
Brooklyn Nine-Nine|2013|US; Modern Family|2009|US; Arrested Development|2003|US; Scrubs|2001|US
Cheers|1982|US; M*A*S*H|1972|US; Abbott Elementary|2021|US; The Bear|2022|US; Ted Lasso|2020|US
Succession|2018|US; Suits|2011|US; House|2004|US; Grey's Anatomy|2005|US; ER|1994|US
The Good Doctor|2017|US; The Good Wife|2009|US; The Good Fight|2017|US; The Good Place|2016|US
Law & Order|1990|US; Law & Order: Special Victims Unit|1999|US
CSI: Crime Scene Investigation|2000|US; CSI: Miami|2002|US; CSI: NY|2004|US; NCIS|2003|US
NCIS: Los Angeles|2009|US; Criminal Minds|2005|US; The Mentalist|2008|US; Monk|2002|US
Psych|2006|US; Leverage|2008|US; Leverage: Redemption|2021|US; 24|2001|US; 24: Legacy|2017|US
9-1-1|2018|US; 9-1-1: Lone Star|2020|US; 1923|2022|US; 1883|2021|US; Yellowstone|2018|US
11.22.63|2016|US; The 100|2014|US; The 4400|2004|US; 4400|2021|US; 12 Monkeys|2015|US
Sherlock|2010|GB; Elementary|2012|US; Line of Duty|2012|GB; Broadchurch|2013|GB
Happy Valley|2014|GB; Peaky Blinders|2013|GB; Downton Abbey|2010|GB; The Crown|2016|GB
Black Mirror|2011|GB; Fleabag|2016|GB; The IT Crowd|2006|GB; Fawlty Towers|1975|GB
Blackadder|1983|GB; Red Dwarf|1988|GB; Top Gear|2002|GB; The Grand Tour|2016|GB
Taskmaster|2015|GB; Inspector Morse|1987|GB; Dark|2017|DE; Babylon Berlin|2017|DE; Tatort|1970|DE
Lupin|2021|FR; Call My Agent!|2015|FR; Money Heist|2017|ES; Borgen|2010|DK; Squid Game|2021|KR
Kingdom|2019|KR; Crash Landing on You|2019|KR; Alice in Borderland|2020|JP; Vikings|2013|CA
Vikings: Valhalla|2022|CA; Outlander|2014|US; Stranger Things|2016|US; The Witcher|2019|US
"""


@dataclass(frozen=True, kw_only=True)
class RealShow:
    name: str
    year: int
    country: str


def real_shows() -> list[RealShow]:
    entries = (entry.strip() for line in NAMES.strip().splitlines() for entry in line.split("; "))
    parts = (entry.rsplit("|", 2) for entry in entries)
    return [RealShow(name=name, year=int(year), country=country) for name, year, country in parts]
