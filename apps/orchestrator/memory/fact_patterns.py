"""How people tell of themselves: patterns of the first person in five languages.

`topic` is what the fact is about; `{noun}` is what the group of that name caught, `{object}` the
thing that follows the pattern ("i collect [old stamps]"). One topic holds one fact: a newer one
replaces it. Patterns begin at a word and match without case.
"""

# ruff: noqa: E501 - a table, one rule a line

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    pattern: re.Pattern[str]
    topic: str
    importance: float


_NOUN = r"(?P<noun>(?:[\w-]+ ){0,2}?[\w-]+)"
_ONE_OF = r"(?:an?|one|two|three|four|five|six|seven|\d{1,2}|some|twin|my)"
_VERY = (
    r"(?:(?:also|really|actually|absolutely|totally|still|now|usually|mostly|do|just|always|so) )*"
)
_AM = r"i(?: a|['’]?)m"
_HAVE = r"i(?:['’]?ve| have)(?: got)?"
_HABIT = (
    r"(?P<noun>play|main|stream|speak|drive|drink|eat|cook|read|watch|teach|ride|write|draw|paint|"
    r"sing|run|bake|brew|grow|practi[cs]e|train|use|collect|support|listen to|repair|build|study)"
)
_IS = r"(?:is|are|was|['’]s|has|have|had|just|got|died|likes?|loves?|hates?|plays?|works?|lives?|studies|speaks?|turned|became|moved)"
_NAMED = r"(?:is |are |was )?(?:now )?(?:called|named)"

_RULES: tuple[tuple[str, str, float], ...] = (
    # English
    (rf"(?:my (?:real |first |actual )?name(?:['’]?s| is)|call me|i go by|{_AM} called) (?!an? |the |not |back|later|when|if|maybe|what|crazy)\S+", "name", 0.9),
    (r"my pronouns (?:are|is) \S+", "pronouns", 0.9),
    (r"my birthday(?:['’]?s| is) (?!not |over|gift|cake|party|coming|so )\S+", "birthday", 0.8),
    (r"i was born on \S+", "birthday", 0.8),
    (rf"my (?:all[- ]time |absolute |new )?fav(?:ou?rites?|es?|s)? {_NOUN} (?:is|are|has to be|will always be) \S+", "favourite {noun}", 0.7),
    (rf"(?:\S+ ){{1,4}}(?:is|are) my (?:all[- ]time |absolute |new )?fav(?:ou?rites?|es?)? {_NOUN}$", "favourite {noun}", 0.7),
    (rf"my {_NOUN} {_NAMED} \S+", "{noun}'s name", 0.8),
    (rf"my {_NOUN}['’]?s name(?: is| was|['’]s) \S+", "{noun}'s name", 0.8),
    (rf"(?:we|i)(?:['’]ve)? (?:just )?(?:re)?named (?:my|our) {_NOUN}(?: to)? (?=[A-Z])\S+", "{noun}'s name", 0.8),
    (rf"{_HAVE} {_ONE_OF} (?:\w+ )?(?P<noun>\w+) {_NAMED} \S+", "{noun}'s name", 0.8),
    (rf"my {_NOUN} {_IS}(?: |$)\S*", "{noun}", 0.6),
    (rf"my {_NOUN} (?:can(?:['’]?t)?|will|\w{{2,}}s) \S+", "{noun}", 0.5),
    (rf"(?:{_AM} (?:originally )?from|i come from|i grew up in|i was born in) (?!\d)\S+", "from", 0.8),
    (rf"(?:i {_VERY}(?:live|reside) (?:in|near|at)|{_AM} {_VERY}(?:living|based) (?:in|near|at)|i(?:['’]?ve| have)? {_VERY}moved (?:back )?(?:from (?:\S+ ){{1,3}})?to) \S+", "lives in", 0.8),
    (rf"(?:i {_VERY}work|{_AM} {_VERY}(?:working|employed)) (?:as|at|in|for|with|on) \S+", "work", 0.7),
    (r"i got (?:a (?:new )?)?job (?:as|at) \S+", "work", 0.7),
    (rf"(?:i {_VERY}(?:major|study)|{_AM} {_VERY}(?:studying|majoring))(?: in| at)? \S+", "studies", 0.6),
    (rf"{_AM} {_VERY}(?:learning|taking up|practi[cs]ing)(?: how)?(?: to)?", "learning {object}", 0.6),
    (rf"{_AM} {_VERY}(?:allergic|intolerant|afraid|scared|terrified) (?:to|of)\b", "careful {object}", 0.8),
    (rf"{_HAVE} an? (?P<noun>(?:\w+ )?(?:allergy|phobia|intolerance))\b", "careful {noun}", 0.8),
    (rf"{_AM} {_VERY}(?P<noun>vegan|vegetarian|pescatarian|left[- ]handed|colou?r[- ]?blind|married|single|engaged|retired|bilingual)\b", "is {noun}", 0.7),
    (rf"{_AM} {_VERY}(?:an? )?(?:big |huge |total )?(?:fan of|into|obsessed with|addicted to)", "likes {object}", 0.5),
    (rf"{_AM} {_VERY}an? (?!bit|lot|little|fan|big fan|huge fan|total|few|while)", "is {object}", 0.5),
    (rf"i {_VERY}(?:love|adore|like|enjoy|prefer|hate|dislike|despise|can['’]?t stand)", "likes {object}", 0.5),
    (rf"i (?:do(?: not|n['’]?t)|never|no longer) {_VERY}(?:like|love|enjoy)", "likes {object}", 0.5),
    (rf"i {_VERY}{_HABIT}\b", "{noun} {object}", 0.5),
    (rf"i (?:do(?: not|n['’]?t)|can(?:not|['’]?t)|never|no longer) {_VERY}{_HABIT}\b", "{noun} {object}", 0.6),
    (rf"(?:{_HAVE}|i own|i(?:['’]ve)? (?:just |recently )?(?:bought|adopted|built)) {_ONE_OF}", "has {object}", 0.5),
    (r"i (?:don['’]?t|do not|no longer) (?:have|own) (?:an? |any |my )?", "has {object}", 0.5),
    # Portuguese
    (r"(?:(?:o )?meu nome [eé]|(?:eu )?me chamo|chamo[- ]me|pod[ei]m? me chamar de|me cham[ae]m? de) \S+", "name", 0.9),
    (r"(?:(?:eu )?sou (?:de|do|da)|(?:eu )?nasci em|(?:eu )?cresci em) (?!\d)\S+", "from", 0.8),
    (r"(?:(?:eu )?(?:moro|vivo) (?:em|n[oa]s?|perto)|(?:eu )?me mudei (?:de \S+ )?(?:para|pra|pro)) \S+", "lives in", 0.8),
    (r"(?:o )?meu anivers[aá]rio [eé] \S+", "birthday", 0.8),
    (rf"(?:[oa] )?(?:meu|minha)s? {_NOUN} (?:favorit[oa]|preferid[oa])s? (?:[eé]|s[aã]o) \S+", "favourite {noun}", 0.7),
    (rf"(?:[oa] )?(?:meu|minha) {_NOUN} (?:se chama|chama-se) \S+", "{noun}'s name", 0.8),
    (rf"o nome d[oa] (?:meu|minha) {_NOUN} [eé] \S+", "{noun}'s name", 0.8),
    (rf"(?:[oa]s? )?(?:meu|minha)s? {_NOUN} (?:[eé]|s[aã]o|est[aá]|tem|virou|morreu|mora|trabalha|gosta|adora|estuda)(?: |$)\S*", "{noun}", 0.6),
    (r"(?:eu )?trabalho (?:como|de|em|n[oa]|numa?|com|para|pra) \S+", "work", 0.7),
    (r"(?:eu )?(?:estudo|fa[cç]o faculdade de|curso) \S+", "studies", 0.6),
    (r"(?:eu )?sou al[eé]rgic[oa] a[os]?\b", "careful {object}", 0.8),
    (r"(?:eu )?tenho (?:medo|pavor|alergia) (?:de|a|do|da)s?\b", "careful {object}", 0.8),
    (r"(?:eu )?n[aã]o gosto (?:mais )?d[eoa]s?\b", "likes {object}", 0.5),
    (r"eu (?:tamb[eé]m )?(?:amo|adoro|odeio|detesto|gosto (?:muito )?d[eoa]s?|prefiro|curto)\b|(?<!\S)(?:adoro|odeio|detesto|amo|gosto (?:muito )?de)\b", "likes {object}", 0.5),
    (r"(?:eu )?n[aã]o (?P<noun>jogo|toco|falo|bebo|tomo|como|leio|assisto|dirijo)(?: mais)?\b", "{noun} {object}", 0.6),
    (r"eu (?:tamb[eé]m )?(?P<noun>jogo|toco|falo|coleciono|bebo|tomo|como|leio|assisto|dirijo|ensino|pinto|desenho)\b", "{noun} {object}", 0.5),
    (r"(?<!\S)(?P<noun>toco|falo|coleciono|leio|assisto)\b", "{noun} {object}", 0.5),
    (r"(?:eu )?tenho (?:uma?|dois|duas|tr[eê]s|quatro|\d{1,2})", "has {object}", 0.5),
    (r"(?:eu )?n[aã]o tenho (?:mais )?", "has {object}", 0.5),
    (r"(?:eu )?sou (?:uma? )?(?!de\b|d[oa]\b|al[eé]rg|f[aã]\b|eu\b|o\b|a\b|muito\b|t[aã]o\b|assim\b)", "is {object}", 0.5),
    (r"(?:eu )?sou f[aã] d[eoa]s?\b", "likes {object}", 0.5),
    # Spanish
    (r"(?:me llamo|mi nombre es|pued[ea]n? llamarme) \S+", "name", 0.9),
    (r"(?:yo )?soy de \S+|nac[ií] en (?!\d)\S+", "from", 0.8),
    (r"(?:yo )?(?:vivo en|me mud[eé] a) \S+", "lives in", 0.8),
    (r"mi cumplea[nñ]os es \S+", "birthday", 0.8),
    (rf"mi {_NOUN} favorit[oa] es \S+", "favourite {noun}", 0.7),
    (rf"mi {_NOUN} se llama \S+", "{noun}'s name", 0.8),
    (rf"mi {_NOUN} (?:es|est[aá]|tiene|vive|trabaja) \S+", "{noun}", 0.6),
    (r"(?:yo )?trabajo (?:como|de|en) \S+", "work", 0.7),
    (r"(?:yo )?soy al[eé]rgic[oa] al?\b", "careful {object}", 0.8),
    (r"(?:no )?(?:me encantan?|me gustan?|odio|detesto)\b", "likes {object}", 0.5),
    (r"tengo (?:un|una|dos|tres)\b", "has {object}", 0.5),
    # German
    (r"(?:ich hei(?:ß|ss)e|mein name ist|nenn(?:t)? mich) \S+", "name", 0.9),
    (r"ich (?:komme|bin) aus \S+", "from", 0.8),
    (r"ich (?:wohne|lebe) (?:in|bei) \S+|ich bin nach \S+ gezogen", "lives in", 0.8),
    (r"ich habe am \S+ geburtstag|mein geburtstag ist \S+", "birthday", 0.8),
    (r"mein\w* lieblings(?P<noun>\w+) ist \S+", "favourite {noun}", 0.7),
    (rf"mein\w? {_NOUN} hei(?:ß|ss)t \S+", "{noun}'s name", 0.8),
    (rf"mein\w? {_NOUN} (?:ist|hat|wohnt|arbeitet) \S+", "{noun}", 0.6),
    (r"ich arbeite (?:als|bei|in) \S+", "work", 0.7),
    (r"ich bin allergisch gegen\b", "careful {object}", 0.8),
    (r"ich (?:liebe|hasse|mag)\b", "likes {object}", 0.5),
    (r"ich habe (?:eine?n?|zwei|drei)\b", "has {object}", 0.5),
    (r"ich spiele\b", "play {object}", 0.5),
    # French
    (r"je m['’]appelle \S+|mon nom est \S+", "name", 0.9),
    (r"je (?:viens|suis) de \S+", "from", 0.8),
    (r"j['’]habite \S+", "lives in", 0.8),
    (r"mon anniversaire est \S+", "birthday", 0.8),
    (rf"m(?:on|a) {_NOUN} (?:pr[eé]f[eé]r[eé]e?|favori(?:te)?) est \S+", "favourite {noun}", 0.7),
    (rf"m(?:on|a) {_NOUN} s['’]appelle \S+", "{noun}'s name", 0.8),
    (rf"m(?:on|a) {_NOUN} (?:est|a|habite|travaille) \S+", "{noun}", 0.6),
    (r"je travaille (?:comme|en tant que|chez|dans|[àa]) \S+", "work", 0.7),
    (r"je suis allergique (?:aux?|[àa])\b", "careful {object}", 0.8),
    (r"j['’](?:adore|aime) (?:les? |la |l['’])?|je d[eé]teste\b", "likes {object}", 0.5),
    (r"j['’]ai (?:une?|deux|trois)\b", "has {object}", 0.5),
    (r"je joue (?:du|de la|au|aux|à)\b", "play {object}", 0.5),
)  # fmt: skip

RULES = tuple(
    Rule(re.compile(rf"(?<![\w'’])(?:{pattern})", re.IGNORECASE), topic, importance)
    for pattern, topic, importance in _RULES
)
