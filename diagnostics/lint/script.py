"""A script: one parsed source with everything that the rules ask of it."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from diagnostics.lint.datasets import Datasets
from diagnostics.lint.loader_names import LoaderNames
from diagnostics.lint.loaders import Loader, find_loaders
from diagnostics.lint.names import last_name
from diagnostics.lint.tree import FUNCTIONS, Tree
from diagnostics.lint.values import Values

# A source without one of each is none of ours: most files of a project, and not worth a walk.
LIBRARIES = ("torch", "monai", "multiprocessing", "ultralytics", "transformers")
SUBJECTS = (
    "DataLoader", "Dataset", "datasets", "Sampler", "set_start_method", ".next(", "ultralytics", "Trainer",
)  # fmt: skip


STARTING = {"Fire", "spawn", "launch", "run"}  # call the function that they are given
EXPECTING = {"raises", "warns", "assertRaises", "assertRaisesRegex", "assertWarns", "assertWarnsRegex"}


@dataclass(frozen=True)
class Cell:
    """A code cell of a notebook: its number from 1, and the first line of the joined text that is its."""

    number: int
    first_line: int
    num_lines: int


@dataclass
class Script:
    """A parsed source.

    Attributes
    ----------
    path : str
        As it is shown.
    lines : sequence of str
        The text that was parsed, line by line.
    module : ast.Module
    cells : sequence of Cell
        Of a notebook; empty for a Python file.
    """

    path: str
    lines: Sequence[str]
    module: ast.Module
    cells: Sequence[Cell] = field(default=())

    @property
    def is_notebook(self) -> bool:
        """Whether it is a notebook, where the main module cannot be imported by a worker."""
        return bool(self.cells)

    @cached_property
    def text(self) -> str:
        """The whole text, with one kind of line end."""
        return "\n".join(self.lines)

    @cached_property
    def is_about_training(self) -> bool:
        """Whether it mentions torch and what the rules are about."""
        return all(any(word in self.text for word in words) for words in (LIBRARIES, SUBJECTS))

    @cached_property
    def tree(self) -> Tree:
        """Nodes by kind, with parents and bindings."""
        return Tree(self.module)

    @cached_property
    def statements(self) -> list[ast.stmt]:
        """Every statement."""
        return [node for node in ast.walk(self.module) if isinstance(node, ast.stmt)]

    @cached_property
    def values(self) -> Values:
        """What expressions may be."""
        return Values(self.tree)

    @cached_property
    def loaders(self) -> list[Loader]:
        """Every DataLoader call."""
        return find_loaders(self.tree, self.values)

    @cached_property
    def loader_names(self) -> LoaderNames:
        """Which names stand for which loaders."""
        return LoaderNames(self.tree, self.values, self.loaders)

    @cached_property
    def datasets(self) -> Datasets:
        """The dataset classes, and what loaders get."""
        return Datasets(self.tree, self.values, self.loaders)

    def cell_of(self, line: int) -> Cell | None:
        """Return the notebook cell that a line of the joined text is in."""
        return next((cell for cell in reversed(self.cells) if cell.first_line <= line), None)

    def show_line(self, node: ast.AST) -> str:
        """Return a node's line as it is shown: "12", or "3 of cell 7" in a notebook."""
        line: int = getattr(node, "lineno", 0)
        cell = self.cell_of(line)
        return f"{line - cell.first_line + 1} of cell {cell.number}" if cell else str(line)

    def name_of(self, node: ast.AST) -> str:
        """Return the full path of an imported name, or ""."""
        return self.tree.imports.qualified(node)

    def has_module(self, *roots: str) -> bool:
        """Tell whether one of these packages is imported."""
        return self.tree.imports.has_any(*roots)

    @cached_property
    def expected_failures(self) -> list[range]:
        """Lines of blocks that are meant to fail: `with pytest.raises(ValueError):`."""
        return [
            range(node.lineno, (node.end_lineno or node.lineno) + 1)
            for node in self.statements
            if isinstance(node, ast.With)
            and any(
                isinstance(item.context_expr, ast.Call) and last_name(item.context_expr.func) in EXPECTING
                for item in node.items
            )
        ]

    @cached_property
    def unguarded(self) -> list[ast.AST]:
        """Everything that runs when the source is imported: module level, and what that calls."""
        found: list[ast.AST] = [s for s in self.module.body if not isinstance(s, (*FUNCTIONS, ast.ClassDef))]
        seen: set[int] = set()
        result: list[ast.AST] = []
        while found:
            node = found.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            for each in self._running(node):
                result.append(each)
                if isinstance(each, ast.Call):
                    found += self._bodies(each)
        return result

    def _running(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes that run with a statement: not those under the guard, nor bodies of functions."""
        waiting = [node]
        while waiting:
            current = waiting.pop()
            if isinstance(current, ast.stmt) and self.tree.is_guarded(current):
                continue
            yield current
            if not isinstance(current, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
                waiting += ast.iter_child_nodes(current)

    def _bodies(self, call: ast.Call) -> list[ast.AST]:
        name = last_name(call.func)
        if name in STARTING and call.args:  # fire.Fire(train)
            functions = self.values.functions.get(last_name(call.args[0]), [])
            return [statement for function in functions[:1] for statement in function.body]
        if isinstance(call.func, ast.Name):
            known = self.values.classes.get(name)
            if known is not None:
                methods = [m for each in self.values.family(known) for m in each.body]
                return [s for m in methods if isinstance(m, FUNCTIONS) for s in m.body]
            functions = self.values.functions.get(name, [])
            return [statement for function in functions[:3] for statement in function.body]
        return []
