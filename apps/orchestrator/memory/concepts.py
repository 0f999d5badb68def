"""What a word is about, in five languages: `Katze` and `kitten` are a cat, and a cat is a pet.

So that a question finds a fact that was told in other words. A small list of what people tell of
themselves, by hand; what is not in it is found by its own words only.
"""

import re
from collections import defaultdict
from functools import lru_cache

from apps.orchestrator.memory.terms import KEPT_TEXTS, folded, stem, words_of

#: What it is: the words that say so (English, Portuguese, Spanish, German, French; no accents).
_WORDS = {
    "name": (
        "name names called call nickname named nome chamo chama chamar apelido nombre llamo "
        "llama apodo heisse heisst spitzname nom appelle surnom"
    ),
    "birthday": (
        "birthday bday born birth aniversario cumpleanos geburtstag geboren anniversaire nasci "
        "nasceu naci nacio"
    ),
    "place": (
        "where from live lives living city town country hometown home moved move based onde "
        "moro mora cidade pais mudei donde vivo vive ciudad wo wohne wohnt stadt land komme ou "
        "habite ville pays viens grew located"
    ),
    "work": (
        "work works working job profession occupation career employed employer living office "
        "trabalho trabalha trabalhar emprego profissao trabajo trabaja empleo arbeite arbeit "
        "arbeitet beruf travail travaille metier boulot"
    ),
    "study": (
        "study studies studying school university college degree major course learn learning "
        "estudo estuda escola faculdade universidade curso estudio escuela studiere schule "
        "lerne etudie ecole apprends"
    ),
    "pet": (
        "pet pets animal animals bicho mascote animais mascota haustier tier animale animaux "
        "compagnie"
    ),
    "cat": "cat cats kitten kitty gato gata gatinho gatinha katze kater",
    "dog": "dog dogs puppy doggo cachorro cachorra cachorrinho cao perro perra hund chien chienne",
    "bird": (
        "bird birds parrot parakeet budgie cockatiel canary passaro papagaio loro pajaro vogel "
        "papagei oiseau perroquet"
    ),
    "rodent": "hamster rat mouse gerbil rabbit bunny ferret coelho conejo kaninchen lapin",
    "reptile": (
        "snake lizard gecko turtle tortoise iguana cobra tartaruga lagarto serpiente tortuga "
        "schlange schildkrote serpent tortue"
    ),
    "horse": "horse pony cavalo caballo pferd cheval",
    "fish": "fish goldfish aquarium peixe pez fisch poisson",
    "family": "family relatives parents familia pais eltern famille parente",
    "sister": "sister sisters irma irmas hermana hermanas schwester soeur",
    "brother": "brother brothers irmao irmaos hermano hermanos bruder frere",
    "mother": "mother mom mum mommy mae madre mama mutter mere maman",
    "father": "father dad daddy pai padre papa vater pere",
    "partner": (
        "partner wife husband boyfriend girlfriend spouse fiance fiancee married marido esposa "
        "namorado namorada casado esposo novio novia frau mann freundin mari femme copain "
        "copine"
    ),
    "child": (
        "child children kid kids son daughter baby filho filha filhos hijo hija hijos kinder "
        "sohn tochter enfant fils fille"
    ),
    "grandparent": (
        "grandma grandpa grandmother grandfather granny grandparents avo abuela abuelo oma opa "
        "grossmutter"
    ),
    "music": (
        "music song songs band bands singer instrument instruments guitar piano cello violin "
        "drums bass flute saxophone trumpet ukulele harp choir orchestra musica cancao banda "
        "instrumento violao guitarra bateria cancion musik lied gitarre klavier geige musique "
        "chanson guitare"
    ),
    "food": (
        "food foods eat eats eating dish meal snack cook cooking bake pizza pasta bread cheese "
        "meat soup cake chocolate fruit vegetables rice salad breakfast lunch dinner dessert "
        "queijo carne bolo arroz comida comer prato lanche cozinhar almoco jantar plato cocino "
        "essen gericht koche nourriture manger plat"
    ),
    "drink": (
        "drink drinks drinking drank coffee tea beer wine juice soda beber bebo bebida cafe cha "
        "cerveja vinho suco cerveza vino trinke getrank kaffee bier wein boire boisson biere"
    ),
    "allergy": (
        "allergic allergy allergies intolerant intolerance alergico alergica alergia allergisch "
        "allergie allergique"
    ),
    "fear": (
        "afraid scared scare scares fear fears terrified phobia frighten medo medos pavor miedo "
        "angst peur"
    ),
    "game": (
        "game games gaming play plays playing played jogo jogos jogar joguei juego juegos jugar "
        "spiel spiele jeu jeux jouer main mains"
    ),
    "colour": "colour color colours cor cores color farbe couleur",
    "film": "film films movie movies cinema filme filmes pelicula peliculas",
    "series": "show series anime episode season serie series novela",
    "book": (
        "book books novel author read reading reads livro livros leio ler libro libros leer "
        "buch lese bucher lire roman"
    ),
    "sport": (
        "sport sports football soccer basketball tennis volleyball swim swimming gym climbing "
        "cycling esporte esportes futebol nadar deporte deportes futbol fussball schwimmen foot "
        "nager"
    ),
    "team": "team club equipo mannschaft verein equipe torco torcer",
    "language": (
        "language languages speak speaks speaking lingua idioma idiomas falo fala falar hablo "
        "habla sprache sprachen spreche langue langues parle"
    ),
    "like": (
        "love loves like likes adore enjoy enjoys fan favourite favorite fave favourites prefer "
        "best amo adoro gosto gosta favorito favorita prefiro gusta encanta favoritos liebe mag "
        "lieblings aime adore prefere prefero"
    ),
    "dislike": (
        "hate hates dislike despise stand odeio odeia detesto odio odia hasse hasst deteste annoys"
    ),
    "hobby": (
        "hobby hobbies pastime collect collects collecting spare weekends passatempo coleciono "
        "coleccion colecciono sammle collectionne"
    ),
    "vehicle": (
        "vehicle vehicles van scooter car cars bike motorbike motorcycle truck drive drives "
        "driving carro moto bicicleta dirijo coche conduzco auto fahre voiture velo"
    ),
    "computer": (
        "computer laptop pc keyboard setup gpu console computador notebook teclado ordenador "
        "rechner tastatur ordinateur clavier"
    ),
    "dream": "dream dreams goal wish someday sonho sueno traum reve",
    "pronouns": "pronoun pronouns pronomes pronombres pronomen pronoms",
    "season": (
        "summer winter autumn spring verao inverno outono primavera verano invierno sommer "
        "herbst ete hiver"
    ),
    "own": "own owns bought buy comprei tenho tem compre tengo tiene habe besitze achete",
}

#: What belongs to something wider.
_WIDER = {
    "pet": ("cat", "dog", "bird", "rodent", "reptile", "horse", "fish"),
    "family": ("sister", "brother", "mother", "father", "partner", "child", "grandparent"),
    "sibling": ("sister", "brother"),
    "parent": ("mother", "father"),
    "watch": ("film", "series"),
}
_WORDS["sibling"] = "sibling siblings geschwister"
_WORDS["parent"] = "parents parent eltern"
_WORDS["watch"] = "watch watches watching assisto assistir veo mirar schaue gucke regarde"

#: Ways to say it that are more than one word; matched on the folded text.
_PHRASES = (
    (re.compile(r"\b(?:im|i am) an? \w|\bsou (?!d[eoa] )(?:uma? )?\w|\bich bin \w+in\b"), "work"),
    (re.compile(r"\b(?:do|does) \w+ do\b|\bque (?:eu )?fa[cz]o\b|\bmache ich\b"), "work"),
    (re.compile(r"\bwho (?:am i|is)\b|\bquem (?:sou|e)\b|\bquien soy\b|\bwer bin ich\b"), "name"),
    (re.compile(r"\bwhen was \w+ born\b|\bquando \w+ nasc"), "birthday"),
    (re.compile(r"\b(?:must|should|cant?|cannot) \w+ (?:not )?(?:avoid|eat|have)\b"), "allergy"),
    (re.compile(r"\bfree time\b|\btempo livre\b|\btiempo libre\b|\bfreizeit\b"), "hobby"),
)

#: Words that mean the same in a topic; the first stands for all of them.
_SAME = """
cat gato gata katze kitty
dog cachorro cachorra perro perra hund chien doggo
sister irma hermana schwester soeur
brother irmao hermano bruder frere
mother mom mum mommy mae madre mutter mere
father dad daddy pai padre vater pere
wife esposa mujer ehefrau
husband marido esposo ehemann mari
daughter filha hija tochter fille
son filho hijo sohn fils
work job profession occupation trabalho emprego profissao trabajo arbeit beruf travail metier
game videogame jogo juego spiel jeu
colour color cor farbe couleur
film movie filme pelicula
series show serie
book livro libro buch livre
food dish comida prato plato essen gericht plat
drink bebida getrank boisson
song musica cancion lied chanson
band banda
team club time equipo equipe mannschaft verein
birthday bday aniversario cumpleanos geburtstag anniversaire
language idioma lingua sprache langue
car carro coche auto voiture
city cidade ciudad stadt ville
name nome nombre nom
"""
_SYNONYM = {word: line.split()[0] for line in _SAME.strip().splitlines() for word in line.split()}


def _about() -> dict[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for concept, words in _WORDS.items():
        wider = {one for one, narrower in _WIDER.items() if concept in narrower}
        for word in words.split():
            found[stem(word)] |= {concept, *wider}
    return {word: frozenset(concepts) for word, concepts in found.items()}


_ABOUT = _about()
_NOTHING: frozenset[str] = frozenset()


@lru_cache(KEPT_TEXTS)
def concepts_of(text: str) -> frozenset[str]:
    """All that the words of a text are about."""
    words = words_of(text)
    found = {concept for word in words for concept in _ABOUT.get(stem(word), _NOTHING)}
    plain = folded(text)
    found |= {concept for pattern, concept in _PHRASES if pattern.search(plain)}
    return frozenset(found)


def topic_word(noun: str) -> str:
    """One word for the same thing, so that `meu gato` and `my cat` are one topic."""
    words = words_of(noun)
    if not words:
        return noun.casefold()
    last = _SYNONYM.get(words[-1]) or _SYNONYM.get(words[-1].removesuffix("s")) or words[-1]
    return " ".join([*words[:-1], last])
