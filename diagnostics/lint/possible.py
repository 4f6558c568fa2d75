"""One thing that an expression may be."""

import ast
from dataclasses import dataclass


@dataclass(frozen=True)
class Possible:
    """One thing that an expression may be.

    Attributes
    ----------
    node : ast.expr or None
        A literal, a call, a lambda, a name of a function or class; None where it is unknown.
    is_default : bool
        It holds unless the caller or the command line says otherwise.
    """

    node: ast.expr | None
    is_default: bool = False

    @property
    def is_constant(self) -> bool:
        """Whether the value itself is known."""
        return isinstance(self.node, ast.Constant)

    @property
    def constant(self) -> object:
        """The value of a literal; of anything else, the node."""
        return self.node.value if isinstance(self.node, ast.Constant) else self.node

    def is_(self, value: object) -> bool:
        """Tell whether it is this very literal (True is not 1 here)."""
        return (
            isinstance(self.node, ast.Constant)
            and type(self.node.value) is type(value)
            and self.node.value == value
        )


UNKNOWN = Possible(None)
