"""The launch of a plan and the checks after building, from the templates of its runtime.

A field in braces is filled in. A part in brackets is left out where a field in it has no value, and
a whole line (a step, a note, a setting, a check) where one outside brackets has none. Doubled
brackets stand for themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from advisor.knowledge import Knowledge
from advisor.model.advice import Check, Launch, Step
from advisor.model.catalog import RuntimeStep
from advisor.model.plan import Sized

from .launch_fields import Fields, Host, launch_fields

FIELD = re.compile(r"\{([a-z0-9_]+)\}")
PART = re.compile(r"(?<!\[)\[((?:[^][]|\[\[|\]\])*)\](?!\])")
ANYWHERE = Host()


def launch(
    sized: Sized,
    context_tokens: int,
    users: int,
    knowledge: Knowledge,
    host: Host = ANYWHERE,
) -> Launch:
    """How to start the plan for ``users`` requests of ``context_tokens``, and what to do first."""
    plan = sized.plan
    runtime = knowledge.runtimes[plan.runtime]
    fields = launch_fields(sized, context_tokens, users, knowledge, host)
    command = runtime.commands.get(plan.split) or runtime.commands["none"]
    env = {name: filled(value, fields) for name, value in runtime.env.items()}
    notes = (filled(note, fields) for note in runtime.notes)

    def steps(templates: Iterable[RuntimeStep]) -> tuple[Step, ...]:
        every = [
            (filled(step.command, fields), filled(step.why, fields))
            for step in templates
            if not step.splits or plan.split in step.splits
        ]
        return tuple(Step(command=done, why=why) for done, why in every if done and why)

    return Launch(
        command=filled(command, fields) or "",
        env={name: value for name, value in env.items() if value},
        prepare=steps(runtime.prepare),
        then=steps(runtime.then),
        notes=tuple(note for note in notes if note),
    )


def launch_command(sized: Sized, context_tokens: int, users: int, knowledge: Knowledge) -> str:
    """The line that starts the plan, its settings in front."""
    return launch(sized, context_tokens, users, knowledge).line


def verify(
    sized: Sized,
    context_tokens: int,
    users: int,
    knowledge: Knowledge,
    host: Host = ANYWHERE,
) -> tuple[Check, ...]:
    """What to run after building: the link's checks first, then the runtime's."""
    plan = sized.plan
    fields = launch_fields(sized, context_tokens, users, knowledge, host)
    vendors = {device.vendor for device in plan.rig.devices}
    checks = [
        *(
            (check.command, check.expect)
            for check in knowledge.link_checks.get(plan.rig.link, ())
            if check.vendor is None or vendors == {check.vendor}
        ),
        *(
            (check.command, check.expect)
            for check in knowledge.runtimes[plan.runtime].verify
            if not check.splits or plan.split in check.splits
        ),
    ]
    every = [(filled(command, fields), filled(expect, fields)) for command, expect in checks]
    return tuple(Check(command=done, expect=see) for done, see in every if done and see)


def filled(template: str, fields: Fields) -> str | None:
    """A template with its fields; None where one has no value.

    What is filled in is not read again, so that no name of a file can act as a template.
    """

    def absent(text: str) -> bool:
        return any(name in fields and fields[name] is None for name in FIELD.findall(text))

    def part(match: re.Match[str]) -> str:
        names = [name for name in FIELD.findall(match[1]) if name in fields]
        empty = any(fields[name] in (None, "") for name in names)
        return "" if empty else match[1]

    kept = PART.sub(part, template)
    if absent(kept):
        return None
    kept = " ".join(kept.split()).replace("[[", "[").replace("]]", "]")
    return FIELD.sub(lambda match: str(fields[match[1]]) if match[1] in fields else match[0], kept)
