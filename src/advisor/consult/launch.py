"""The launch command and the checks after building, from the runtime's entry."""

from __future__ import annotations

import re
import shlex

from advisor.knowledge import Knowledge
from advisor.model.advice import Check, Launch
from advisor.model.plan import Sized
from advisor.sizing.placement import division


def launch(sized: Sized, context_tokens: int, users: int, knowledge: Knowledge) -> Launch:
    """How to start the plan for ``users`` requests of ``context_tokens``."""
    runtime = knowledge.runtimes[sized.plan.runtime]
    command = launch_command(sized, context_tokens, users, knowledge)
    return Launch(command=command, env=runtime.env, notes=runtime.notes)


def launch_command(sized: Sized, context_tokens: int, users: int, knowledge: Knowledge) -> str:
    """The runtime's template for the plan's split, filled in.

    A part in brackets is left out where a field in it has no value.
    """
    plan = sized.plan
    runtime = knowledge.runtimes[plan.runtime]
    command = runtime.commands.get(plan.split) or runtime.commands["none"]
    nodes, layers = plan.rig.nodes, plan.model.layers
    divided = division(sized)
    fields: dict[str, object | None] = {
        "model": weights_file(sized, knowledge),
        "repo": weights_name(sized),
        "context": context_tokens,
        "total_context": context_tokens * users,
        "count": plan.rig.device_count,
        "nodes": nodes,
        "per_node": plan.rig.device_count // nodes,
        "users": users,
        "kv_flags": runtime.kv_flags.get(plan.kv, ""),
        "split_mode": "layer" if divided.main_gpu is None else "none",
        "main_gpu": divided.main_gpu,
        "tensor_split": _listed(divided.tensor_split),
        "stages": _listed(divided.stages),
        "gpu_layers": divided.gpu_layers,
        "cpu_moe_layers": divided.cpu_moe_layers or None,
        "gpu_experts_share": f"{1 - (divided.cpu_moe_layers or 0) / layers:.2f}",
    }
    absent = "|".join(
        re.escape("{" + name + "}") for name, value in fields.items() if value is None
    )
    if absent:
        command = re.sub(rf"\[[^][]*?(?:{absent})[^][]*\]", "", command)
    command = re.sub(r"[][]", "", command)
    for name, value in fields.items():
        command = command.replace("{" + name + "}", str(value))
    return " ".join(command.split())


def _listed(numbers: tuple[int, ...] | None) -> str | None:
    return None if numbers is None else ",".join(map(str, numbers))


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
        Check(command=command.replace("{model}", weights_file(sized, knowledge)), expect=expect)
        for command, expect in checks
    )


def weights_name(sized: Sized) -> str:
    """The model's name with its format, in letters that files and shells take as they are."""
    plan = sized.plan
    name = (plan.model.hub_id or plan.model.slug).rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{name}-{plan.quant.name}").rstrip("-")


def weights_file(sized: Sized, knowledge: Knowledge) -> str:
    """The person's own file of weights, quoted for a shell, or the usual name of such a file."""
    own = knowledge.weight_file(sized.plan.model)
    if own is not None and own[1] == sized.plan.quant:
        return shlex.quote(str(own[0]))
    return f"{weights_name(sized)}.gguf"
