"""The rehearsal's own answers are never judged canned: two hundred prompts that no check asks, with no modelled service times."""

from __future__ import annotations

import asyncio
import json
import random
import time
from typing import Any

from tests.monitors.traces import Monitors, Trace
from tui_app.wire.envelope import normalise

PROMPTS = 200
USERS = 4
THINGS = ("screws", "tiles", "tickets", "lamps", "parcels", "chairs")
PLACES = ("Leiden", "Bergen", "Graz", "Turku", "Cork")
WORDS = ("lantern", "plumage", "kestrel", "harvest", "granite", "mosaic", "tundra", "velvet")
TEMPLATES = (
    "A crate holds {a} boxes with {b} {thing} each. How many {thing} is that, {a} * {b}?",
    "Compute {a} + {b} * {c} for me.",
    "{b} times {c}, please.",
    "I need the sum of {a} and {b}, and then {a} minus {c}.",
    "Spell '{word}' backwards.",
    "Reverse the word {word} and sort the letters of '{other}' alphabetically.",
    "How many letters does '{word}' have in common with a {thing} catalogue?",
    "Write a poem about {thing} in {place}.",
    "What is the weather in {place} like for people who sell {thing}?",
    "Translate '{word} {other}' into Finnish.",
    "Who founded {place}?",
    "We spend {a}00 USD on alpha and {b}00 on beta a month. What is the total, and what if 10 % of alpha moves to beta?",
    "alpha: {a},000 requests a month at $0.0{b} each. Our budget is {c},000 a month. Where can we save?",
    "Which model did I use most last month?",
    "What did my own usage cost in total, according to my recorded data?",
    "How many requests did I make, by model? Also, {a} * {c}?",
    "Compare {thing} from {place} with {thing} from somewhere else in two sentences.",
    "yes or no: is {a} larger than {b}?",
)


def make(rng: random.Random) -> str:
    text = rng.choice(TEMPLATES)
    word, other = rng.sample(WORDS, 2)
    facts: dict[str, Any] = {name: rng.randint(11, 99) for name in "abc"}
    prompt = text.format(**facts, word=word, other=other, thing=rng.choice(THINGS), place=rng.choice(PLACES))
    return f"{rng.choice(('', 'Hello! ', 'One more thing: '))}{prompt}{rng.choice(('', ' Thanks.', ' Keep it short.'))}"


async def test_no_answer_to_prompts_of_another_grammar_is_called_canned(staging) -> None:
    rng = random.Random(41)
    trace = Trace()
    trace.session()
    users = [await staging.user() for _ in range(USERS)]
    began = time.perf_counter_ns()

    async def one(number: int, prompts: list[str]) -> None:
        user, label = users[number], f"u{number + 1}"
        thread = await staging.thread(user)
        async with staging.socket(user) as socket:
            for index, prompt in enumerate(prompts):
                request = f"request-{number}-{index}-{rng.randrange(16**8):08x}"
                trace.t = time.perf_counter_ns() - began
                trace.ask(number + 1, label, request, thread=thread, prompt=prompt)
                frames = await socket.run(prompt, thread, request)
                for frame in frames:
                    text = json.dumps(frame)
                    trace.frame(number + 1, label, *normalise(text), text=text, at=time.perf_counter_ns() - began)
                assert frames[-1]["type"] == "agent_completed", prompt

    for number, user in enumerate(users):
        trace.user(f"u{number + 1}", user.sub)
        trace.open(number + 1, f"u{number + 1}")
    await asyncio.gather(*(one(number, [make(rng) for _ in range(PROMPTS // USERS)]) for number in range(USERS)))
    monitors = Monitors()
    for row, events in trace.items:
        monitors.feed(row, events)
    runs = monitors.lifecycle.runs()
    prompts = {run.request: (run.prompt, run.answer) for run in runs}
    assert len(runs) == PROMPTS and all(run.state == "ok" for run in runs), [run.why for run in runs if run.state != "ok"]
    assert [(one.text, [prompts[name] for name in one.requests]) for one in monitors.canned.suspicions() if one.convicts] == []
