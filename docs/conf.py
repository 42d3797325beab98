"""Configuration of the documentation; it builds without a network."""

import os

# No window, and a picture for each figure, whatever the machine.
os.environ["MPLBACKEND"] = "Agg"

from matplotlib import pyplot

import skbackprop

project = "skbackprop"
author = "skbackprop developers"
project_copyright = f"2026, {author}"
release = skbackprop.__version__
version = release

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]

html_theme = "pydata_sphinx_theme"
html_title = "skbackprop"
html_show_sourcelink = False
html_theme_options = {
    "github_url": "https://github.com/skbackprop/skbackprop",
    "show_prev_next": False,
}

autosummary_generate = True
# numpydoc would list every method a second time; the templates do it.
numpydoc_show_class_members = False
autodoc_typehints = "none"


def colors_for_all(gallery_conf, script):
    """Draw examples in colors that most people can tell apart."""
    pyplot.style.use("petroff10")
    # Displays of others do not all leave room for their labels.
    pyplot.rcParams["savefig.bbox"] = "tight"


sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": "plot_",
    "ignore_pattern": r"demo\.py",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "reset_modules": ("matplotlib", colors_for_all),
    "show_memory": False,
    "within_subsection_order": "FileNameSortKey",
}
# The gallery's sort key is a class, which Sphinx cannot store: named, it can.
suppress_warnings = ["config.cache"]
