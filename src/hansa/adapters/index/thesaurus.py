"""Words that people use for one another when they say what a piece of code is for.

Each line is one sense; a word may stand in several. A text is also found by the senses of its words, so that "drop
repeated entries" comes near "remove duplicates". The list is short on purpose: everyday vocabulary of text, data, time
and numbers, no names of tasks. What it cannot know, a sentence encoder can (a later choice of `node.ports.Index`).

>>> senses("drop") == senses("remove")
True
"""

from __future__ import annotations

from functools import cache

from hansa.adapters.index.words import stem

_SENSES = """
convert turn transform change translate rewrite make bring cast
remove drop delete strip discard omit eliminate erase clear exclude clean
split break divide separate cut partition chunk tokenize
chunk batch portion piece block slice part segment
join merge combine concatenate unite union fuse glue overlay
find search locate look lookup detect discover identify which
fetch get retrieve access resolve pick select obtain extract
filter restrict condition where criteria match query
sort order arrange rank sequence
group bucket cluster categorize classify partition
group category class kind type
count number many tally quantity amount
common frequent often popular usual occur
duplicate repeat repeated double twice redundant unique distinct deduplicate
check validate verify test valid correct correctly ensure whether
compare difference different differ diff compared versus
change edit edited modify modified update insertion deletion
read load import parse decode understand interpret ingest open
write save export dump store emit output serialize print
store insert add append put
build create generate produce construct make compose
compute calculate determine evaluate
show display print render format present say tell
shorten truncate trim abbreviate abridge preview cut clip ellipsis
fill insert substitute replace populate placeholder template interpolate
mask hide redact anonymize obscure censor conceal
escape quote sanitize injection safe safely
expand enumerate list unroll range
flatten unnest level nested single
nested deep recursive inside section inner tree
swap transpose rotate flip exchange side
reverse backwards backward invert
round precision decimal decimals rounding cent cents
share divide distribute allocate split apportion
wrap fold width column line break
guess sniff detect infer determine
move shift add advance next later
overlap clash intersect conflict
highest largest biggest greatest maximum max top
lowest smallest least minimum min
average mean median middle
smooth moving rolling noise window
sum total add altogether
weight weighted importance coefficient
percentile quantile percent proportion
statistics stats summary summarise summarize range average describe
list array sequence series collection items elements entries
item element entry value member
dictionary dict map mapping object record hash keyvalue
record row rows entry dictionary tuple
column field attribute property cell
table grid matrix spreadsheet sheet rows
csv comma delimited delimiter separated spreadsheet tabs semicolon
key name label identifier
identifier variable name naming
pair key value
text string prose sentence words characters paragraph
paragraph block passage
title headline heading caption header
slug permalink url
word term token
letter character char alphabet
case camel snake capital uppercase lowercase convention
typo mistake misspell similar levenshtein
email mail mailbox address contact
url link web address uri site page
query parameter parameters argument question
server request response page
log logs logging line message
config configuration settings setting options preferences env environment dotenv
default override overrides winning precedence fallback
path pointer location route address
json parsed document data
markdown readme md
html markup tag tags
sql database query statement select table migration
statement command commands instruction script
dependency depend require requires prerequisite needed build
task job step package
file document
size bytes memory storage capacity kb mb gb gib mib disk
date day calendar birthday
day days weekday weekdays workday working business holiday
month monthly months
time duration elapsed interval timeout seconds minutes hours period
schedule cron crontab recurring job
interval range slot span booking period
iso standard yyyy
version release software semantic newer upgrade
human readable people plain
number numeric numbers integer figure digits
roman numeral
money amount price invoice bill payment cost currency cents
card credit payment luhn checksum
hash checksum digest sha
random arbitrary
user person people someone somebody
shared public publish
quick fast
first initial start beginning
last end final
empty missing blank null absent gap gaps uneven
same equal identical alike
keep preserve retain stay maintain without
image picture photo
colour color rgb
distance far length
graph network nodes edges
password secret passphrase
"""


@cache
def _by_stem() -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for number, line in enumerate(_SENSES.strip().splitlines()):
        for word in dict.fromkeys(stem(word) for word in line.split()):
            found.setdefault(word, []).append(number)
    return {word: tuple(numbers) for word, numbers in found.items()}


def senses(word: str) -> tuple[int, ...]:
    """Returns the numbers of the senses that the stem of a word has; none when it is not listed."""
    return _by_stem().get(word, ())
