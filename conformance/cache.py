"""Where everything outside the repository lives: environments, bundles, scratch files."""

import os
from pathlib import Path

import platformdirs

VARIABLE = "KERAS_MASK_CACHE"


def cache_folder() -> Path:
    """The user's cache folder for this program, or what `KERAS_MASK_CACHE` names."""
    override = os.environ.get(VARIABLE)
    return Path(override).absolute() if override else Path(platformdirs.user_cache_dir("keras-mask-conformance"))
