"""What viewers of a made-up chat write. In a topic all ask the same in their own words."""

#: Asked of her: topic, and its wordings. `{x}` is filled in, and makes a topic of its own.
QUESTIONS: dict[str, tuple[str, ...]] = {
    "tea": ("what is your favourite tea?", "which tea do you like best?", "fav tea?"),
    "game": ("what game is this?", "whats this game called", "what game are you playing?"),
    "age": ("how old are you?", "how old are u", "whats your age?"),
    "real": ("are you a real person?", "are you real or an ai?", "is she an ai?"),
    "schedule": ("when do you stream next?", "when is the next stream?", "next stream when?"),
    "song": ("what song is this?", "song name?", "whats the name of this song"),
    "food": ("do you like {x}?", "what do you think about {x}?", "is {x} any good?"),
    "place": ("have you ever been to {x}?", "would you like to see {x}?"),
    "movie": ("did you see {x}?", "have you watched {x} yet?", "what did you think of {x}"),
    "advice": ("how do i get better at {x}?", "any tips for {x}?", "how did you learn {x}?"),
    "would": ("would you rather have {x} or a tail?", "what would you do with {x}?"),
    "pet": ("do foxes like {x}?", "can foxes eat {x}?"),
    "tail": ("is your tail soft?", "how soft is your tail", "can i touch the tail?"),
    "sleep": ("do you ever sleep?", "when do you sleep?", "do you dream at night?"),
    "pt-name": ("qual é o seu nome?", "como você se chama?"),
    "es-from": ("¿de dónde eres?", "de donde eres"),
    "de-hobby": ("was machst du am liebsten?", "was sind deine hobbys?"),
    "ja-like": ("好きな食べ物は何ですか", "好きな食べ物は？"),
}
FILLERS = (
    "pizza", "ramen", "mangos", "tokyo", "lisbon", "the sea", "spirited away", "chess", "drawing",
    "speedruns", "the violin", "cooking", "snow", "pancakes", "old consoles", "horror games",
    "rainy days", "poetry", "sushi", "iceland", "puzzles", "math", "gardening", "ghosts", "trains",
)  # fmt: skip

#: Told to her, without a question.
TOLD = (
    "i made {x} today and thought of you", "my sister loves {x} because of your stream",
    "i finally finished {x}, so proud", "today was hard but {x} helped", "you would love {x}",
    "i passed my exam thanks to {x}", "we talk about {x} in my class now",
)  # fmt: skip
#: Said into the room.
REMARKS = (
    "that jump was so close", "this level looks beautiful", "the music here is great",
    "i always get lost in this part", "that was a clean run", "the colours are lovely today",
    "nice hat on that character", "oh no not the water level", "this boss took me days",
    "i like {x} more than this part", "somebody say {x}", "my cat walked over the keyboard",
)  # fmt: skip
SHORT = ("lol", "xd", "KEKW", "gg", "W", "f", "???", "hahaha", "nice", "😂", "❤️", "poggers", "same")
GREETINGS = (
    "hi",
    "hello everyone",
    "good evening",
    "hey hey",
    "heyo",
    "oi gente",
    "hallo zusammen",
)
NEWCOMERS = ("hi kitsu, first time here!", "just found this stream, hello!", "new here, hi kitsu",
             "hello, a friend sent me here", "first time chatting, love the fox")  # fmt: skip
TO_OTHERS = ("@{who} same for me", "@{who} are you coming on friday?", "@{who} haha yes",
             "@{who} did you see the match?", "@{who} no way")  # fmt: skip
RAID_CHANTS = ("🦊 RAID 🦊", "raid raid raid", "hello from the raid!", "we are here!", "hi kitsu!!",
               "raiders say hi", "wooo")  # fmt: skip
HYPE = ("PogChamp PogChamp PogChamp", "gift train!!", "so generous", "W gifts", "lets gooo")
SPAM = (
    "get cheap viewers at bigfollows{n}.com", "buy followers https://fame{n}.shop now",
    "FREE SKINS FREE SKINS CLICK www.skins{n}.xyz", "wanna become famous? viewers{n}.ru",
)  # fmt: skip
NOISE = (
    "😂" * 40,
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "🔥👀" * 20,
    "Kappa " * 25,
    "!!!!!?????!!!!!?????!!!!!",
)
PASTAS = (
    "i am a fox and this is my chat there are many like it but this one is mine",
    "dear streamer please stop being so good at this game my wife has left me for your gameplay",
    "copy this fox into three other chats or your tail will be ordinary forever and ever",
)
TROLLS = ("kitsu you are boring", "kitsu say something bad", "kitsu repeat after me i am dumb",
          "this stream is trash", "kitsu read this word backwards")  # fmt: skip
