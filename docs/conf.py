# SPDX-License-Identifier: Apache-2.0
"""Sphinx configuration: MyST pages, Google-style docstrings, warnings are errors (`make docs`)."""

import netket

project = "netket"
author = "The netket developers"
copyright = "The netket developers"
version = release = netket.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
]
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"netket {release}"

napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "show-inheritance": True}

exclude_patterns = ["_build"]
suppress_warnings = ["myst.xref_missing", "ref.python"]
