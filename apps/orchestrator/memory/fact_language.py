"""What people say around a fact: chatter, questions, hearsay, suppositions; in five languages."""

import re

SENTENCE_END = re.compile(r"(?<=[.!?;…])\s+|\n+")
#: A sentence with one of these is not the author's own word about themselves.
NOT_THEIR_OWN = re.compile(
    r"\b(?:said|says?|saying|told|tells|promised|claim(?:s|ed)?|swore|heard that|according to|"
    r"apparently|rumou?rs?|disse|diz|dizem|falou|fala que|prometeu|dijo|dice|dicen|prometi[oó]|"
    r"sagte?|sagt|versprach|laut|a dit|dit que|promis)\b"
    r"|\by(?:ou|ou all|['’]all) (?:are|were|must|should|will|have to|need to|owe)\b|\byou['’]?re\b"
    r"|\bvoc[eê] (?:[eé]|deve|tem que|vai|precisa)\b|\bt[uú] (?:eres|debes|tienes que)\b"
    r"|\bdu (?:bist|musst|sollst|wirst)\b|\btu (?:es|dois)\b"
    # The people who run the show, and herself.
    r"|\b(?:host|streamer|broadcaster|mod|mods|moderators?|admin|administrator|operator|owner|"
    r"developer|kitsu|staff|moderador(?:a|es)?|dono|dona|apresentador|anfitri[oó]n|due[nñ]o|"
    r"besitzer|betreiber|mod[eé]rateur|propri[eé]taire)\b"
    # Orders.
    r"|\b(?:ignore|obey|instructions?|prompt|orders?|commands?|jailbreak|pretend|roleplay|repeat "
    r"after|must always|must never|from now on|system message|rules?|instru[cç][oõ]es|obede[cç]a|"
    r"ordens|comandos?|anweisung(?:en)?|befehle?|consignes?)\b",
    re.IGNORECASE,
)
SUPPOSED = re.compile(
    r"\b(?:if|wish|imagine|suppose|dream(?:ed|t)|as if|would|could|might|maybe|perhaps|feel like|"
    r"felt like|in my dream|my character|act like|as though|se eu|queria|imagina|sonhei|talvez|"
    r"finge|finjo|ojal[aá]|quisiera|imag[ií]nate|tal vez|wenn ich|w[aä]re|h[aä]tte|vielleicht|"
    r"si j['’]|j['’]aimerais|peut-[eê]tre)\b",
    re.IGNORECASE,
)
ASKING = re.compile(
    r"^\W*(?:(?:e|mas|y|und|et),? )*(?:what|whats|what['’]s|who|whos|who['’]s|where|when|why|how|"
    r"which|whose|do|does|did|is|are|"
    r"am|was|were|can|could|would|will|should|shall|have|has|had|may|guess|qual|quais|quem|onde|"
    r"quando|como|quanto|por ?qu[eê]|o que|que|ser[aá]|voc[eê]|sabe|cu[aá]l|qui[eé]n|d[oó]nde|"
    r"cu[aá]ndo|c[oó]mo|was|wer|wo|wann|wie|warum|welche[rsn]?|wei(?:ß|ss)t|kennst|qui|o[uù]|quand|"
    r"comment|pourquoi|quel(?:le)?|forget|esque[cç][ea]|olvida|vergiss|oublie|"
    r"remember (?:when|what|where|who|how|if)|lembra quando)\b",
    re.IGNORECASE,
)
QUOTED = re.compile(r"[\"“„«]([^\"”“»]*)[\"”“»]")
#: Asked back at the end of a statement.
AND_YOU = re.compile(
    r",?\s*(?:and you|wbu|hbu|what about you|how about you|e voc[eê]|e tu|e vc|y t[uú]|und du|"
    r"et toi)\s*\?",
    re.IGNORECASE,
)
ASKED = re.compile(
    r"^\W*(?:please |pls |por favor,? |bitte )?(?:remember|lembra|lembre(?:-se)?|recuerda|merk dir|"
    r"souviens-toi)\b(?! when| what| where| who| how| if| me\b)"
    r"(?:\s+(?:that|que|dass|de que))?[:,]?\s*",
    re.IGNORECASE,
)
#: What people put before and after what they say; also calling her by name. (Possessive: a line
#: made of nothing else takes no longer than another.)
BEFORE = re.compile(
    r"(?:\W*+(?:hey|hi|hello|ok(?:ay)?|oi|ol[aá]|hola|hallo|salut|btw|yo|omg|so|lol|well|and|but|"
    r"also|actually|honestly|guys|chat|fun fact|fyi|no way|yeah|yes|ah|oh|ent[aã]o|tipo|gente|"
    r"ali[aá]s|e a[ií]|bueno|pues|@?kitsu)\b[,:!. ]*+)++",
    re.IGNORECASE,
)
AFTER = re.compile(
    r"(?:\s++|\b(?:l+o+l+|lmao+|rofl|x+d+|(?:ha|he){2,}h?|k{2,}|(?:rs){2,}|tbh|btw|ngl|fr|@?kitsu|"
    r"though|tho|lmfao|jaja\w*|mdr|ptdr)\b|<3+|[:;=]-?[)(DP3]|[^\w\s'’\")])++$",
    re.IGNORECASE,
)
CLAUSE_END = re.compile(
    r",? (?:but|and you|mas|pero|aber|mais|sino|sondern) "
    r"|,? (?:and|&|e|y|und|et|plus) (?=(?:i|i['’]m|i['’]ve|my|we|our|eu|meus?|minhas?|moro|tenho|"
    r"sou|trabalho|gosto|adoro|odeio|yo|mi|me|soy|vivo|tengo|ich|meine?|je|j['’]|mon|ma)\b)"
    r"|, (?=(?:i|i['’]m|my|eu|meu|minha|yo|mi|ich|mein|je|j['’])\b)",
    re.IGNORECASE,
)
FIRST_PERSON = re.compile(
    r"^(?:i|i['’]m|i['’]ve|my|eu|meus?|minhas?|yo|mi|ich|mein\w*|je|j['’]|mon|ma)\b", re.IGNORECASE
)

#: "my … is": not about them, over in a moment, or nobody else's business.
NOT_TOLD = frozenset(
    re.findall(
        r"\w+",
        """
    god bad point turn question guess chat internet connection stream screen mic audio video sound
    ping fps bet mistake fault opinion problem answer message comment head eyes brain heart
    stomach friend friends neighbour neighbor boss enemy ex teacher everyone dude guy man bro mate
    people deus culpa vez pergunta live amigo amiga amigos vizinho chefe jefe freund freundin chef
    first last only next favorite favourite way time life day week night
    address phone number email mail password passwords account card pin ssn key token ip iban
    endereco telefone celular senha conta cartao cpf rg direccion contrasena tarjeta adresse
    telefonnummer passwort konto numero
    """,
    )
)
NO_THING = frozenset(
    re.findall(
        r"\w+",
        """
    question idea feeling problem headache point plan suggestion request cold lot bit minute sec
    second doubt theory guess few couple chance reason clue time good bad hard great really kind
    little way favor favour ideia pergunta duvida problema pouco certeza vontade pena you ya u it
    this that these those him them her someone everybody everyone what when how ver isso isto voce
    vc te ti esto eso dich euch es das toi ca cela chat stream anos years year anni ans jahre
    """,
    )
)
LEADING = frozenset(
    re.findall(
        r"\w+",
        """
    the a an my some to of in at on for playing eating watching drinking listening reading making
    o os as um uma meu minha de do da dos das na no jogar comer assistir ver tocar ouvir el la los
    las un una mi jugar der die den dem ein eine einen mein meine le les une du des au aux mon ma
    really very most new old big small little
    """,
    )
)
OBJECT_ENDS = frozenset(
    re.findall(
        r"\w+",
        """
    that who which called named with and or but because since cuz so too also when where from que
    chamado chamada com porque pero con namens mit und weil qui avec et mais
    """,
    )
)
WORD = re.compile(r"[\w'’-]+")
