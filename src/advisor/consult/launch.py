"""The launch command and the checks after building, from the runtime's entry."""

from __future__ import annotations

import re
import shlex

from advisor.knowledge import Knowledge
from advisor.model.advice import Check, Launch
from advisor.model.plan import Sized
from advisor.model.profile import Profile


def launch(sized: Sized, profile: Profile, knowledge: Knowledge) -> Launch:
    """The runtime's template for this split, filled in with the plan."""
    runtime = knowledge.runtimes[sized.plan.runtime]
    command = launch_command(sized, profile.context_tokens, profile.users, knowledge)
    return Launch(command=command, env=runtime.env, notes=runtime.notes)


def launch_command(sized: Sized, context_tokens: int, users: int, knowledge: Knowledge) -> str:
    """The command that starts the plan for ``users`` requests of ``context_tokens``."""
    plan = sized.plan
    runtime = knowledge.runtimes[plan.runtime]
    command = runtime.commands.get(plan.split) or runtime.commands["none"]
    nodes = plan.rig.nodes
    held = sum(placed.weights_gib for placed in sized.placed)
    share = held / sized.numbers["weights_gib"]
    fields = {
        "model": _file(sized, knowledge),
        "repo": _name(sized),
        "gpu_layers": str(int(plan.model.layers * share)),
        "context": str(context_tokens),
        "total_context": str(context_tokens * users),
        "count": str(plan.rig.device_count),
        "nodes": str(nodes),
        "per_node": str(plan.rig.device_count // nodes),
        "users": str(users),
        "kv_flags": runtime.kv_flags.get(plan.kv, ""),
    }
    for name, value in fields.items():
        command = command.replace("{" + name + "}", value)
    return " ".join(command.split())


def verify(sized: Sized, knowledge: Knowledge) -> tuple[Check, ...]:
    """What to run after building: the link's checks first, then the runtime's."""
    plan = sized.plan
    checks = [
        *knowledge.link_checks.get(plan.rig.link, ()),
        *(
            (check.command, check.expect)
            for check in knowledge.runtimes[plan.runtime].verify
            if not check.splits or plan.split in check.splits
        ),
    ]
    return tuple(
        Check(command=command.replace("{model}", _file(sized, knowledge)), expect=expect)
        for command, expect in checks
    )


def _name(sized: Sized) -> str:
    """The model's name with its format, in letters that files and shells take as they are."""
    plan = sized.plan
    name = (plan.model.hub_id or plan.model.slug).rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{name}-{plan.quant.name}").rstrip("-")


def _file(sized: Sized, knowledge: Knowledge) -> str:
    """The person's own file of weights, quoted for a shell, or the usual name of such a file."""
    own = knowledge.weight_file(sized.plan.model)
    if own is not None and own[1] == sized.plan.quant:
        return shlex.quote(str(own[0]))
    return f"{_name(sized)}.gguf"
