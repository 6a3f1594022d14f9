"""Find the mistakes in Bicep files that a compiler would find, on machines where there is no compiler.

`lint_folder` is the way in. It parses (two independent parsers), resolves symbols and modules, and compares
every resource with the shape Azure expects. What it cannot do is in docs/deploy.md: it is no substitute for
`az bicep build`.
"""

from .checks import lint_folder
from .findings import Finding, Kind

__all__ = ["Finding", "Kind", "lint_folder"]
