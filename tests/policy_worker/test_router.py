"""What a turn is taken for."""

from pathlib import Path

import pytest

from apps.policy_worker.router import Kind, route
from libs.contracts.conversation import ActionChosen, TurnInput, TurnSource
from libs.contracts.people import Author, Role
from libs.contracts.studio import RequestStageAction
from tests.policy_worker.turns import PlaysScript, answer, turn, use, working

ACTIONS = ("applause", "close_up")

CODE = [
    "write a python function that reverses a list",
    "can you fix this: `for i in rang(10)` please",
    "```js\nconsole.log(1)\n```",
    "why do I get a TypeError in my python script",
    "help me with a regex for e-mail addresses in javascript",
    "escreve uma função em python que soma dois números",
    "debug my sql query: SELECT name FROM users WHERE",
    "implement quicksort in rust",
    "how do I write a class in kotlin",
    "me ajuda a corrigir esse código em java",
]
CHAT = [
    "hi kitsu, how are you?",
    "do you like pythons? the snakes I mean",
    "write me a poem about rain",
    "what is your favourite class at school?",
    "tell me a story about a fox who loves tea",
    "I love this game, what a boss!",
    "my code name is agent fox",
    "fix your hair, kitsu",
    "can you write my name?",
    "vamos jogar de novo?",
    "what's the dress code today",
    "java is my favourite island",
    "",
]
LOOK = ["what do you see on my screen?", "look at this picture!", "olha a minha tela, Kitsu"]


def given(text: str, role: Role = Role.VIEWER, **fields: object) -> TurnInput:
    author = Author(viewer_id="v", name="v", role=role)
    values = {"source": TurnSource.CHAT, "author": author, "text": text, "arrived_at": 0, **fields}
    return TurnInput.model_validate(values)


@pytest.mark.parametrize(
    ("text", "kind"),
    [*((t, Kind.CODE) for t in CODE), *((t, Kind.CHAT) for t in CHAT),
     *((t, Kind.VISION) for t in LOOK)],
)  # fmt: skip
def test_a_line_is_taken_for_what_it_is(text: str, kind: Kind) -> None:
    found = route(given(text), ACTIONS)
    assert found.kind is kind
    assert 0.0 <= found.confidence <= 1.0


def test_a_picture_is_looked_at_whatever_the_words_say() -> None:
    assert route(given("write python", picture="image/png")).kind is Kind.VISION


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("kitsu, show the applause please", "applause"),
        ("switch to the close up scene", "close_up"),
        ("can you play applause", "applause"),
        ("Kitsu, muda para close-up agora!", "close_up"),
        ("show me the applause of your life", ""),
        ("switch to BRB", ""),
        ("applause", ""),
        ("play " + "a" * 1_900, ""),
    ],
)
def test_an_order_names_an_action_that_obs_offers(text: str, action: str) -> None:
    found = route(given(text, Role.MODERATOR), ACTIONS)
    assert found.action == action
    assert (found.kind is Kind.SYSTEM) is bool(action)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUBSCRIBER, Role.VIP])
def test_not_everybody_gives_orders(role: Role) -> None:
    assert route(given("show the applause", role), ACTIONS).kind is Kind.CHAT


async def test_an_order_is_carried_out_and_answered(tmp_path: Path) -> None:
    engine = PlaysScript("<speech>Never.</speech>")
    request = turn("show the applause, kitsu", source=TurnSource.VOICE, epoch=4)
    host = request.input.author.model_copy(update={"role": Role.BROADCASTER})
    request = request.model_copy(
        update={"input": request.input.model_copy(update={"author": host, "text": "show applause"})}
    )
    async with working(tmp_path) as (worker, bus):
        await bus.set_latch("main", "studio", {"actions": list(ACTIONS)})
        await worker.stage_names.read("main")
        await use(worker, engine)
        await answer(worker, request)
        done = worker.personas.default.stock.done
    assert engine.asked == []
    assert bus.spoken in done
    [chosen] = bus.of(ActionChosen)
    assert isinstance(chosen.order, RequestStageAction)
    assert (chosen.index, chosen.order.action, chosen.order.epoch) == (0, "applause", 4)
    assert bus.finished.task == "system"
