"""Models of the Hugging Face hub: out of the local cache and, when asked for, off the network.

The cache is laid out as ``models--ORG--NAME/snapshots/COMMIT/``; ``refs/main`` holds the commit in
use. What is fetched is put there too, so that a model is always read from the same place.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import NamedTuple

from advisor.errors import InputError, Problem

from .model_checkpoint import INDEX
from .model_ggufs import PART

ASK = "ADVISOR_HUB"
ENDPOINT = "https://huggingface.co"
TIMEOUT_S = 5.0
WORD = re.compile(
    r"(?:(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/)?"
    r"(?P<id>[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})"
    r"(?:/tree/[\w.-]+)?/?(?::(?P<tag>[\w.-]{1,40}))?",
    re.ASCII,
)


class HubWord(NamedTuple):
    """``ORG/NAME``, and what stands behind a colon to choose one of several .gguf files."""

    id: str
    tag: str | None


def hub_word(word: str) -> HubWord | None:
    """``word`` as the hub id or the address of a model; None for anything else."""
    match = WORD.fullmatch(word.strip())
    return HubWord(match["id"], match["tag"]) if match else None


def is_asked_for() -> bool:
    """Whether the person lets the network be used."""
    return os.environ.get(ASK, "").lower() in ("1", "true", "yes", "on")


def cache_folder() -> Path:
    """Where the hub's own tools keep what they fetched."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return Path(os.environ[name]).expanduser()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or os.path.join(home, "huggingface")
    return Path(home).expanduser() / "hub"


def cached_file(word: HubWord) -> Path | None:
    """The config.json or .gguf the cache holds of a model; None when it holds neither.

    Raises InputError where several .gguf files may be meant.
    """
    repo = cache_folder() / f"models--{word.id.replace('/', '--')}"
    for folder in _snapshots(repo):
        config = folder / "config.json"
        if word.tag is None and config.is_file():
            return config
        files = _first_parts(folder)
        if word.tag is not None:
            files = [file for file in files if word.tag.lower() in file.name.lower()]
        if len(files) > 1:
            names = [str(file.relative_to(folder)) for file in files]
            what = f"the hub cache holds {len(files)} .gguf files of this model"
            accepted = f"one of them by its path in {folder}: {', '.join(names[:8])}"
            raise InputError(Problem(word.id, what, found=word.tag, accepted=accepted))
        if files:
            return files[0]
    return None


def fetch(word: HubWord) -> bool:
    """Put the config.json of a model, and the index of its weights, into the cache.

    False when the hub has no such model, or none with a config.json. Raises InputError without the
    ``huggingface_hub`` package and when the hub does not answer.
    """
    try:
        from huggingface_hub import HfApi, hf_hub_url
        from huggingface_hub.errors import (
            GatedRepoError,
            RemoteEntryNotFoundError,
            RepositoryNotFoundError,
        )
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ImportError:
        what = "fetching a model from the hub needs the package huggingface_hub"
        accepted = "pip install 'advisor[hub]'; or the path of its config.json"
        raise InputError(Problem(word.id, what, accepted=accepted)) from None
    disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    endpoint = os.environ.get("HF_ENDPOINT") or ENDPOINT
    api = HfApi(endpoint=endpoint, library_name="advisor")
    for name in ("config.json", INDEX):
        try:  # asked for by itself first, since the download tries a dead address for long
            url = hf_hub_url(word.id, name, endpoint=endpoint)
            api.get_hf_file_metadata(url=url, timeout=TIMEOUT_S)
            api.hf_hub_download(word.id, name, cache_dir=cache_folder(), etag_timeout=TIMEOUT_S)
        except GatedRepoError:
            what = "the hub shows this model only to those who accepted its licence"
            accepted = "its page, where the licence is accepted, then `hf auth login`"
            raise InputError(Problem(word.id, what, accepted=accepted)) from None
        except RepositoryNotFoundError:
            return False
        except RemoteEntryNotFoundError:
            if name == "config.json":
                return False
        except Exception as error:  # of the network, the disk or the hub, in many classes
            what = f"{endpoint} did not give this model: {type(error).__name__}"
            accepted = f"a network that reaches it; or unset {ASK} and name a config.json"
            raise InputError(Problem(word.id, what, accepted=accepted)) from None
    return True


def why_unknown(word: HubWord) -> str:
    """What is known of a hub id that leads to no model, and what would make it readable."""
    if word.tag is not None:
        return f"{cache_folder()} holds no .gguf of this model with {word.tag} in its name"
    if is_asked_for():
        return "neither the catalogue nor the hub has this model with a config.json"
    return (
        f"this model is neither in the catalogue nor in {cache_folder()}; fetch its config.json "
        f"(hf download {word.id} config.json), or set {ASK}=1 to have it fetched"
    )


def _snapshots(repo: Path) -> list[Path]:
    """The folders a model may lie in: that of ``refs/main``, else all."""
    try:
        commit = (repo / "refs" / "main").read_bytes()[:100].decode("ascii").strip()
        if re.fullmatch(r"\w+", commit):
            return [repo / "snapshots" / commit]
    except (OSError, ValueError):
        pass
    try:
        return sorted((repo / "snapshots").iterdir())
    except OSError:
        return []


def _first_parts(folder: Path) -> list[Path]:
    """The .gguf files of a folder and of those in it, one for each model in parts."""
    files = sorted(f for pattern in ("*.gguf", "*/*.gguf") for f in folder.glob(pattern))
    matches = [(file, PART.fullmatch(file.name)) for file in files if "mmproj" not in file.name]
    return [f for f, part in matches if f.is_file() and (part is None or int(part["part"]) == 1)]
