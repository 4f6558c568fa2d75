"""Loaders: the DataLoader calls of a source, with what each argument may be."""

import ast
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from diagnostics.lint.mappings import Mapping
from diagnostics.lint.names import last_name
from diagnostics.lint.possible import UNKNOWN, Possible
from diagnostics.lint.tree import FUNCTIONS, Function, Tree
from diagnostics.lint.values import Values

DATALOADER = "torch.utils.data.DataLoader"
PARAMETERS = (
    "dataset", "batch_size", "shuffle", "sampler", "batch_sampler", "num_workers", "collate_fn", "pin_memory",
    "drop_last", "timeout", "worker_init_fn",
)  # fmt: skip
DEFAULTS = {
    "batch_size": 1, "shuffle": None, "sampler": None, "batch_sampler": None, "num_workers": 0,
    "collate_fn": None, "pin_memory": False, "drop_last": False, "timeout": 0, "worker_init_fn": None,
    "multiprocessing_context": None, "prefetch_factor": None, "persistent_workers": False, "generator": None,
}  # fmt: skip
DEEPEST_SUM = 4
CORE_COUNTS = {"cpu_count", "sched_getaffinity", "process_cpu_count", "available_cpu_count"}


@dataclass
class Loader:
    """A call of DataLoader.

    Attributes
    ----------
    call : ast.Call
    variants : list of Mapping
        The arguments by name; several where `**kwargs` may be several dictionaries.
    makers : sequence of ast.Call
        The calls that give such a loader: the call itself; of a subclass' `super().__init__(...)`, the calls
        of the subclass.
    """

    call: ast.Call
    variants: list[Mapping]
    values: Values = field(repr=False)
    makers: Sequence[ast.Call] = ()

    def possible(self, variant: Mapping, name: str) -> list[Possible]:
        """Return what an argument may be, torch's default where it is not given."""
        if name in variant.items:
            return self.values.possible(variant.items[name])
        return [Possible(ast.Constant(DEFAULTS.get(name)))] if variant.is_complete else [UNKNOWN]

    def argument(self, name: str) -> ast.expr | None:
        """Return the expression given for an argument, None where it is given nowhere."""
        return next((each.items[name] for each in self.variants if name in each.items), None)

    def everything(self, name: str) -> list[Possible]:
        """Return what an argument may be in any variant."""
        return [each for variant in self.variants for each in self.possible(variant, name)]

    @property
    def dataset(self) -> ast.expr | None:
        """The expression given as dataset."""
        return self.argument("dataset")

    @property
    def forks(self) -> bool:
        """Whether it asks for fork itself."""
        for each in self.everything("multiprocessing_context"):
            node = each.node
            if isinstance(node, ast.Call) and node.args:
                node = node.args[0]
            if isinstance(node, ast.Constant) and node.value == "fork":
                return True
        return False

    @property
    def has_workers(self) -> bool:
        """Whether it has workers in at least one way that the source can be read."""
        return any(
            self.is_positive(each) for variant in self.variants for each in self.worker_counts(variant)
        )

    @property
    def has_no_workers(self) -> bool:
        """Whether it surely has no workers."""
        return all(each.is_(0) for each in self.everything("num_workers"))

    def worker_counts(self, variant: Mapping) -> list[Possible]:
        """Return what num_workers may be; unknown counts with options for workers are positive."""
        counts = self.possible(variant, "num_workers")
        wants = any(
            name in variant.items and not any(each.is_(none) for each in self.possible(variant, name))
            for name, none in (("worker_init_fn", None), ("prefetch_factor", None))
        )
        if wants and all(each.node is None for each in counts):
            return [Possible(ast.Constant(1), True)]
        return counts

    def is_positive(self, count: Possible) -> bool:
        """Tell whether a count of workers is surely more than 0."""
        return _is_positive(count.node, self.values)

    def corrected(self, drop: tuple[str, ...] = (), **changes: str) -> str:
        """Return the statement of this call with arguments dropped or set, as code."""
        call = copy.copy(self.call)
        args = list(call.args)
        given = {*PARAMETERS[: len(args)], *(word.arg for word in call.keywords)}
        elsewhere = {name for each in self.variants for name in each.items} - given
        reset = {name: repr(DEFAULTS.get(name)) for name in drop if name in elsewhere}
        reset |= {name: text for name, text in changes.items() if name in elsewhere}
        changes = {name: text for name, text in changes.items() if name not in reset}
        keywords = [word for word in call.keywords if word.arg not in {*drop, *changes}]
        for position, name in enumerate(PARAMETERS[: len(args)]):
            if name in drop or name in changes:
                later = zip(PARAMETERS[position:], args[position:], strict=False)
                rest = [ast.keyword(each, value) for each, value in later if each not in {*drop, *changes}]
                args, keywords = args[:position], rest + keywords
                break
        keywords += [ast.keyword(name, ast.parse(text, mode="eval").body) for name, text in changes.items()]
        call.args, call.keywords = args, _reset(keywords, reset)
        parent = self.values.tree.parents.get(self.call)
        try:
            if isinstance(parent, ast.Assign) and parent.value is self.call:
                return f"{' = '.join(ast.unparse(each) for each in parent.targets)} = {ast.unparse(call)}"
            return ast.unparse(call)
        except (RecursionError, ValueError):
            return f"DataLoader(..., {', '.join(f'{k}={v}' for k, v in changes.items())})"


def _reset(keywords: list[ast.keyword], values: dict[str, str]) -> list[ast.keyword]:
    """Set what comes from a dictionary, as `**{**options, "timeout": 0}`, or from a partial, by its name."""
    parsed = {name: ast.parse(text, mode="eval").body for name, text in values.items()}
    if not parsed:
        return keywords
    last = next((word for word in reversed(keywords) if word.arg is None), None)
    if last is None:
        return keywords + [ast.keyword(name, value) for name, value in parsed.items()]
    keys: list[ast.expr | None] = [None, *(ast.Constant(name) for name in parsed)]
    merged = ast.keyword(None, ast.Dict(keys, [last.value, *parsed.values()]))
    return [merged if word is last else word for word in keywords]


def _is_positive(node: ast.expr | None, values: Values, depth: int = 0) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int) and node.value > 0
    if node is None or depth > DEEPEST_SUM:
        return False

    def positive(part: ast.expr) -> bool:
        return any(_is_positive(each.node, values, depth + 1) for each in values.possible(part))

    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Add | ast.Mult):
            return positive(node.left) and positive(node.right)
        return _counts_cores(node.left) and isinstance(node.op, ast.FloorDiv | ast.Div | ast.Sub)
    name = last_name(node.func) if isinstance(node, ast.Call) else ""
    arguments = node.args if isinstance(node, ast.Call) else []
    if name in {"min", "max"} and arguments:
        return all(map(positive, arguments)) if name == "min" else any(map(positive, arguments))
    is_converted = name in {"int", "round"} and len(arguments) == 1 and positive(arguments[0])
    return is_converted or _counts_cores(node) or (name == "len" and any(map(_counts_cores, arguments)))


def _counts_cores(node: ast.expr) -> bool:
    return any(
        isinstance(each, ast.Call) and last_name(each.func) in CORE_COUNTS
        for each in (node, getattr(node, "left", None), *getattr(node, "values", ()))
    )


def find_loaders(tree: Tree, values: Values) -> list[Loader]:
    """Return every call of torch's DataLoader or of a subclass, under whatever name it was imported."""
    presets = dict(_presets(tree))
    subclasses = set(_subclasses(tree, values))
    found: list[Loader] = []
    for call in tree.calls:
        func = (
            call.func.value if isinstance(call.func, ast.Subscript) else call.func
        )  # DataLoader[Sample](...)
        is_subclass = isinstance(func, ast.Name) and func.id in subclasses
        if is_subclass or tree.imports.qualified(func) == DATALOADER:
            found.append(_loader(call, values))
        elif last_name(func) in presets:
            found.append(_loader(call, values, presets[last_name(func)]))
        elif last_name(func) == "__init__" and isinstance(func, ast.Attribute):
            found += _of_super(call, func.value, tree, values)
    return found


def _presets(tree: Tree) -> Iterator[tuple[str, ast.Call]]:
    """Yield the names of `partial(DataLoader, ...)`."""
    for call in tree.calls:
        parent = tree.parents.get(call)
        is_partial = tree.imports.qualified(call.func) == "functools.partial" and call.args
        is_ours = is_partial and tree.imports.qualified(call.args[0]) == DATALOADER
        if is_ours and isinstance(parent, ast.Assign) and last_name(parent.targets[0]):
            yield last_name(parent.targets[0]), call


def _is_loader_class(tree: Tree, values: Values, node: ast.ClassDef) -> bool:
    bases = [base for each in values.family(node) for base in each.bases]
    plain = (base.value if isinstance(base, ast.Subscript) else base for base in bases)
    return any(tree.imports.qualified(base) == DATALOADER for base in plain)


def _constructor_of(values: Values, node: ast.ClassDef) -> Function | None:
    methods = (m for each in values.family(node) for m in each.body if isinstance(m, FUNCTIONS))
    return next((method for method in methods if method.name == "__init__"), None)


def _subclasses(tree: Tree, values: Values) -> Iterator[str]:
    """Yield the subclasses of DataLoader that are made like one."""
    for node in tree.classes:
        if _is_loader_class(tree, values, node) and _constructor_of(values, node) is None:
            yield node.name


def _of_super(call: ast.Call, owner: ast.expr, tree: Tree, values: Values) -> Iterator[Loader]:
    """Yield the loader of a subclass' `super().__init__(...)` or `DataLoader.__init__(self, ...)`."""
    around = tree.class_of(call)
    is_super = isinstance(owner, ast.Call) and last_name(owner.func) == "super"
    is_named = tree.imports.qualified(owner) == DATALOADER and bool(call.args)
    if around is None or not (is_super or is_named) or not _is_loader_class(tree, values, around):
        return
    inherited = [each for each in values.family(around) if each is not around]
    if not any(isinstance(m, FUNCTIONS) and m.name == "__init__" for each in inherited for m in each.body):
        makers = [c for c in values.calls_by_name.get(around.name, ()) if isinstance(c.func, ast.Name)]
        yield _loader(call, values, makers=makers, skip=0 if is_super else 1)


def _loader(
    call: ast.Call,
    values: Values,
    preset: ast.Call | None = None,
    makers: Sequence[ast.Call] | None = None,
    skip: int = 0,
) -> Loader:
    args = [*(preset.args[1:] if preset else ()), *call.args[skip:]]
    variants = [Mapping({}, True)]
    for name, value in zip(PARAMETERS, args, strict=False):
        if isinstance(value, ast.Starred):
            variants = [Mapping(each.items, False) for each in variants]
            break
        variants = [each.with_items(Mapping({name: value}, True)) for each in variants]
    for word in [*(preset.keywords if preset else ()), *call.keywords]:
        if word.arg is None:
            inner = values.mappings(word.value)
            variants = [one.with_items(other) for one in variants for other in inner][:24]
        else:
            variants = [each.with_items(Mapping({word.arg: word.value}, True)) for each in variants]
    return Loader(call, variants, values, [call] if makers is None else makers)
