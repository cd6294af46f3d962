"""Where everything outside the repository lives: environments, bundles, observed cells."""

import os
from pathlib import Path

VARIABLE = "KERAS_MASK_CACHE"


def cache_folder() -> Path:
    """Return the cache folder of the user for this program, or what `KERAS_MASK_CACHE` names."""
    override = os.environ.get(VARIABLE)
    if override:
        return Path(override).absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("keras-mask-conformance"))
