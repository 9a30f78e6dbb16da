"""Plans and the launches made of them, for the tests of launch commands."""

import shlex

from advisor.consult.launch import launch, launch_command, verify
from advisor.consult.launch_fields import Host
from advisor.knowledge import Knowledge
from advisor.model.plan import Member, Plan, Rig
from advisor.model.quantity import given
from advisor.sizing import Request, Sizer

KNOWLEDGE = Knowledge.load()
SIZER = Sizer(KNOWLEDGE)
VLLM = {"runtime": "vllm"}
SGLANG = {"runtime": "sglang"}
OLLAMA = {"runtime": "ollama"}
AWQ = ("llama-3.3-70b", "awq-int4")
ON_TWO = {"rtx-3090": 2}


def size(devices, model="llama-3.3-70b", quant="q4_k_m", split="layer", users=1, **more):
    members = tuple(
        Member(device=KNOWLEDGE.find_device(slug), count=count) for slug, count in devices
    )
    rig = Rig(
        slug="rig",
        title="rig",
        members=members,
        link=more.pop("link", "pcie"),
        link_gb_s=more.pop("link_gb_s", None),
        nodes=more.pop("nodes", 1),
        power_cap_w=more.pop("cap", None),
        rental=more.pop("rental", False),
        rdma=more.pop("rdma", False),
    )
    plan = Plan(
        id="plan",
        rig=rig,
        model=more.pop("found", None) or KNOWLEDGE.find_model(model),
        quant=KNOWLEDGE.find_quant(quant),
        kv=more.pop("kv", "f16"),
        split=split,
        runtime=more.pop("runtime", "llama.cpp"),
        gpu_layers=more.pop("gpu_layers", None),
    )
    context = more.pop("context", 8192)
    return SIZER.size(plan, Request(given("c", "c", context), given("u", "u", users)))


def command(*args, **more):
    return launch_command(size(*args, **more), 8192, more.get("users", 1), KNOWLEDGE)


def made(*args, host=None, **more):
    return launch(size(*args, **more), 8192, more.get("users", 1), KNOWLEDGE, host or Host())


def checks(*args, host=None, **more):
    sized = size(*args, **more)
    return verify(sized, 8192, more.get("users", 1), KNOWLEDGE, host or Host())


def cards(**counts):
    return tuple(
        KNOWLEDGE.find_device(slug.replace("_", "-"))
        for slug, count in counts.items()
        for _ in range(count)
    )


def option(line, name):
    words = shlex.split(line)
    return words[words.index(name) + 1] if name in words else None
