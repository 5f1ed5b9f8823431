"""Translate a parsed SuiteQL query to SQLite, with Oracle's types and conversions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from include.sandbox.errors import query_fault, unsupported
from include.sandbox.suiteql.expressions import AGGREGATES, Expressions
from include.sandbox.suiteql.scope import Catalogue, Relation, Scope
from include.sandbox.suiteql.values import Parameters, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.sandbox.database import Kind
    from include.sandbox.suiteql.values import Request


@dataclass(frozen=True)
class Output:
    """One column of the result."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class CompiledQuery:
    """A query for SQLite. `page_sql` also takes :page_limit and :page_offset; `count_sql` counts all its rows."""

    page_sql: str
    count_sql: str
    outputs: tuple[Output, ...]
    evaluators: dict[str, Callable[[Request], object]]
    binds: int


def compile_query(query: exp.Query, catalogue: Catalogue) -> CompiledQuery:
    """Translate a whole query. Raises NetSuiteFault for what SuiteQL would refuse."""
    compiler = _Compiler(catalogue)
    binds = sum(1 for _ in query.find_all(exp.Placeholder))
    page_sql, count_sql, outputs = compiler.top(query)
    return CompiledQuery(page_sql, count_sql, tuple(outputs), compiler.parameters.evaluators, binds)


@dataclass
class _Body:
    """One SELECT in pieces."""

    projections: list[str]
    outputs: list[Output]
    source: str
    where: str
    grouping: str
    order: list[str]
    rows: str
    distinct: bool
    scope: Scope
    one_row_per_source_row: bool
    ordered_by_key: bool

    def sql(self) -> str:
        parts = ["SELECT DISTINCT" if self.distinct else "SELECT", ", ".join(self.projections)]
        return " ".join(
            part for part in (*parts, self.source, self.where, self.grouping, self.ordering(), self.rows) if part
        )

    def ordering(self) -> str:
        return f"ORDER BY {', '.join(self.order)}" if self.order else ""


@dataclass
class _Compiler:
    catalogue: Catalogue
    parameters: Parameters = field(default_factory=Parameters)
    withs: dict[str, tuple[str, list[Output]]] = field(default_factory=dict)

    def top(self, query: exp.Query) -> tuple[str, str, list[Output]]:
        """Return the SQL of one page, the SQL that counts all rows, and the columns."""
        self._compile_withs(query, None)
        if not isinstance(query, exp.Select):
            sql, outputs = self.query(query, None)
            return self._whole(sql, outputs, ordered=bool(query.args.get("order")))
        body = self.select(query, None)
        if not body.one_row_per_source_row or body.rows:
            return self._whole(body.sql(), body.outputs, ordered=bool(body.order) or _from_ordered(query))
        if not body.ordered_by_key and (tie_break := _tie_break(body.scope)):
            body.order.append(tie_break)
        count_sql = f"SELECT count(*) {body.source} {body.where}"
        return f"{body.sql()} LIMIT :page_limit OFFSET :page_offset", count_sql, body.outputs

    @staticmethod
    def _whole(sql: str, outputs: list[Output], *, ordered: bool) -> tuple[str, str, list[Output]]:
        """Page through a result as a whole; one without an order comes in another in every request (1.2)."""
        names = ", ".join(f'"{output.name}"' for output in outputs)
        order = "" if ordered else f"ORDER BY shuffle(:seed, {names})"
        page_sql = f"SELECT * FROM ({sql}) {order} LIMIT :page_limit OFFSET :page_offset"  # noqa: S608 - compiled by us
        return page_sql, f"SELECT count(*) FROM ({sql})", outputs  # noqa: S608 - compiled by us

    def _compile_withs(self, query: exp.Query, outer: Scope | None) -> None:
        for common in query.ctes:
            self.withs[common.alias] = self.query(common.this, outer)

    def query(self, query: exp.Expr, outer: Scope | None) -> tuple[str, list[Output]]:
        if isinstance(query, exp.Subquery):
            return self.query(query.this, outer)
        if isinstance(query, exp.SetOperation):
            return self._set_operation(query, outer)
        if isinstance(query, exp.Select):
            body = self.select(query, outer)
            return body.sql(), body.outputs
        raise unsupported("a SELECT is expected")

    def _set_operation(self, query: exp.SetOperation, outer: Scope | None) -> tuple[str, list[Output]]:
        left, outputs = self.query(query.this, outer)
        right, others = self.query(query.expression, outer)
        if [output.kind for output in outputs] != [output.kind for output in others]:
            raise unsupported("the two sides of the set operation differ in their columns")
        words = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}[type(query)]
        if isinstance(query, exp.Union) and not query.args.get("distinct"):
            words = "UNION ALL"
        order = query.args.get("order")
        ordering = (
            f" ORDER BY {', '.join(self._position(term, outputs) for term in order.expressions)}" if order else ""
        )
        return f"SELECT * FROM ({left}) {words} SELECT * FROM ({right}){ordering}", outputs  # noqa: S608 - compiled by us

    @staticmethod
    def _position(term: exp.Ordered, outputs: Sequence[Output]) -> str:
        names = [output.name for output in outputs]
        if isinstance(term.this, exp.Column) and term.this.name in names:
            return str(names.index(term.this.name) + 1) + (" DESC" if term.args.get("desc") else "")
        if isinstance(term.this, exp.Literal) and not term.this.is_string:
            return str(term.this.name) + (" DESC" if term.args.get("desc") else "")
        raise unsupported("a set operation is ordered by names or positions of its columns")

    def select(self, select: exp.Select, outer: Scope | None) -> _Body:
        if outer is not None:
            self._compile_withs(select, outer)
        scope = Scope(outer)
        source, joined_on_keys = self._from(select, scope)
        expressions = Expressions(scope, self.parameters, self.query)
        condition, most_rows = self._where(select, expressions)
        projections = self._projections(select, scope)
        values = [(expressions.value(node), name) for node, name in projections]
        group = select.args.get("group")
        grouped = [_aliased(node, projections) for node in group.expressions] if group else []
        aggregated = bool(group) or any(_aggregates(node) for node, _ in projections)
        order = select.args.get("order")
        terms = [self._ordered(term, projections, expressions) for term in order.expressions] if order else []
        if aggregated:
            self._check_grouping(projections, grouped, select.args.get("having"))
        if most_rows and order:
            raise unsupported("ROWNUM is assigned before ORDER BY; nest the ordered query")
        windowed = most_rows or _fetch(select)
        return _Body(
            projections=[f'{self.parameters.sql(value)} AS "{name}"' for value, name in values],
            outputs=[Output(name, value.kind) for value, name in values],
            source=source,
            where=f"WHERE {condition}" if condition else "",
            grouping=self._grouping(select, grouped, expressions),
            order=[sql for sql, _ in terms],
            rows=f"LIMIT {windowed}" if windowed else "",
            distinct=bool(select.args.get("distinct")),
            scope=scope,
            one_row_per_source_row=not aggregated and not select.args.get("distinct"),
            ordered_by_key=joined_on_keys and any(value.column is not None and value.column.is_key and
                                                  self._first(scope, value) for _, value in terms),
        )  # fmt: skip

    @staticmethod
    def _first(scope: Scope, value: Value) -> bool:
        """Is the column one of the first table of FROM? Its key is then unique, if all joins are to keys."""
        return value.sql.startswith(f'"{next(iter(scope.relations))}".')

    def _from(self, select: exp.Select, scope: Scope) -> tuple[str, bool]:
        """Return FROM with its joins, and whether no join can multiply rows."""
        source = select.args.get("from_")
        if source is None:
            raise unsupported("FROM is missing; use FROM DUAL")
        if isinstance(source.this, exp.Table) and source.this.name == "dual":
            return "", True
        parts = [f"FROM {self._relation(source.this, scope)}"]
        joined_on_keys = True
        for join in select.args.get("joins") or []:
            table = self._relation(join.this, scope)
            on = join.args.get("on")
            side = " ".join(word for word in (join.side, join.kind if join.kind != "OUTER" else "") if word)
            expressions = Expressions(scope, self.parameters, self.query)
            condition = f" ON {expressions.condition(on)}" if on else ""
            parts.append(f"{side or ('INNER' if on else 'CROSS')} JOIN {table}{condition}")
            joined_on_keys &= self._joins_a_key(on, scope, join.this.alias_or_name)
        return " ".join(parts), joined_on_keys

    @staticmethod
    def _joins_a_key(on: exp.Expr | None, scope: Scope, alias: str) -> bool:
        conjuncts = on.flatten() if isinstance(on, exp.And) else [on]
        columns = [
            side
            for part in conjuncts
            if isinstance(part, exp.EQ)
            for side in (part.left, part.right)
            if isinstance(side, exp.Column)
        ]
        for column in columns:
            found = scope.find(column.name, column.table)
            if found.sql.startswith(f'"{alias}".') and found.column is not None and found.column.is_key:
                return True
        return False

    def _relation(self, node: exp.Expr, scope: Scope) -> str:
        if isinstance(node, exp.Subquery):
            sql, outputs = self.query(node.this, scope.outer)
            return self._derived(sql, outputs, node.alias or f"subquery{len(scope.relations)}", "subquery", scope)
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier) or node.args.get("db"):
            raise unsupported("a table name or a SELECT in parentheses is expected in FROM")
        alias = node.alias or node.name
        if node.name in self.withs:
            return self._derived(*self.withs[node.name], alias, node.name, scope)
        scope.add(self.catalogue.relation(node.name, alias))
        if node.name in self.catalogue.empty_tables:
            return f'(SELECT * FROM "{node.name}" WHERE 0) AS "{alias}"'  # noqa: S608 - a table of the catalogue
        return f'"{node.name}" AS "{alias}"'

    @staticmethod
    def _derived(sql: str, outputs: Sequence[Output], alias: str, name: str, scope: Scope) -> str:
        columns = {output.name: Value(output.kind, f'"{alias}"."{output.name}"') for output in outputs}
        scope.add(Relation(alias, name, columns, has_rowid=False))
        return f'({sql}) AS "{alias}"'

    def _where(self, select: exp.Select, expressions: Expressions) -> tuple[str, int | None]:
        """Return the condition without its ROWNUM part, and what ROWNUM limits the rows to."""
        where = select.args.get("where")
        if where is None:
            return "", None
        conjuncts = list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
        limits = [_rownum_limit(part) for part in conjuncts]
        conditions = [
            expressions.condition(part) for part, limit in zip(conjuncts, limits, strict=True) if limit is None
        ]
        return " AND ".join(f"({part})" for part in conditions), min((n for n in limits if n is not None), default=None)

    @staticmethod
    def _projections(select: exp.Select, scope: Scope) -> list[tuple[exp.Expr, str]]:
        """Return what is selected with the key it gets; `*` is spread, and what has no name is expr1, expr2, …"""
        found: list[tuple[exp.Expr, str]] = []
        for node in select.expressions:
            if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star)):
                found += _spread(node, scope)
            elif node.alias:
                found.append((node.this, node.alias))
            elif isinstance(node, exp.Column):
                found.append((node, node.name))
            else:
                unnamed = sum(name.startswith("expr") for _, name in found) + 1
                found.append((node, f"expr{unnamed}"))
        return list({name: (node, name) for node, name in found}.values())

    @staticmethod
    def _ordered(
        term: exp.Ordered, projections: Sequence[tuple[exp.Expr, str]], expressions: Expressions
    ) -> tuple[str, Value]:
        """Return one term of ORDER BY. As in Oracle an alias goes before a column, and NULL comes last going up."""
        node = _aliased(term.this, projections)
        if isinstance(node, exp.Literal) and not node.is_string:
            place = int(node.name)
            if not 1 <= place <= len(projections):
                raise unsupported("ORDER BY position is not a number of a SELECT-list expression")
            node = projections[place - 1][0]
        value = expressions.value(node)
        down = bool(term.args.get("desc"))
        nulls_first = bool(term.args.get("nulls_first")) or (down and term.args.get("nulls_first") is None)
        nulls = (
            "" if value.column is not None and value.column.is_key else f" NULLS {'FIRST' if nulls_first else 'LAST'}"
        )
        return f"{expressions.parameters.sql(value)}{' DESC' if down else ''}{nulls}", value

    @staticmethod
    def _grouping(select: exp.Select, grouped: Sequence[exp.Expr], expressions: Expressions) -> str:
        parts = []
        if grouped:
            parts.append(
                "GROUP BY " + ", ".join(expressions.parameters.sql(expressions.value(node)) for node in grouped)
            )
        if select.args.get("having"):
            parts.append("HAVING " + expressions.condition(select.args["having"].this))
        return " ".join(parts)

    @staticmethod
    def _check_grouping(
        projections: Sequence[tuple[exp.Expr, str]],
        grouped: Sequence[exp.Expr],
        having: exp.Expr | None,
    ) -> None:
        for node in [node for node, _ in projections] + ([having.this] if having else []):
            loose = _outside_group(node, grouped)
            if loose:
                raise query_fault(
                    f"Search error occurred: Invalid or unsupported search. (not a GROUP BY expression: {loose})"
                )


def _from_ordered(select: exp.Select) -> bool:
    """Is the only source a SELECT in parentheses with an order, as in the top-n form with ROWNUM around it?"""
    source = select.args.get("from_")
    inner = source.this.this if source is not None and isinstance(source.this, exp.Subquery) else None
    plain = not select.args.get("joins") and not select.args.get("group") and not select.args.get("distinct")
    return bool(plain and inner is not None and inner.args.get("order"))


def _spread(star: exp.Expr, scope: Scope) -> list[tuple[exp.Expr, str]]:
    alias = star.table if isinstance(star, exp.Column) else ""
    if alias and alias not in scope.relations:
        raise scope.unknown(alias)
    return [
        (exp.column(name, table=relation.alias), name)
        for relation in scope.relations.values()
        if alias in ("", relation.alias)
        for name in relation.columns
    ]


def _aliased(node: exp.Expr, projections: Sequence[tuple[exp.Expr, str]]) -> exp.Expr:
    """Return what an alias of the SELECT list stands for; anything else as it is."""
    if isinstance(node, exp.Column) and not node.table:
        return next((projected for projected, name in projections if name == node.name), node)
    return node


def _aggregates(node: exp.Expr) -> bool:
    """Is there an aggregate in the expression, outside of subqueries and windows?"""
    if isinstance(node, exp.Window | exp.Query):
        return False
    if _is_aggregate(node):
        return True
    return any(_aggregates(child) for child in node.iter_expressions())


def _is_aggregate(node: exp.Expr) -> bool:
    listed = isinstance(node, exp.WithinGroup)
    return listed or (isinstance(node, exp.Anonymous) and node.name.upper() in AGGREGATES)


def _outside_group(node: exp.Expr, grouped: Sequence[exp.Expr]) -> str:
    """Return the first column that is neither grouped by nor inside an aggregate, or nothing."""
    if any(_same(node, by) for by in grouped) or isinstance(node, exp.Query):
        return ""
    if _is_aggregate(node):
        return ""
    if isinstance(node, exp.Column):
        return "" if node.name in Expressions.PSEUDO_COLUMNS else str(node.name)
    return next((found for child in node.iter_expressions() if (found := _outside_group(child, grouped))), "")


def _same(one: exp.Expr, other: exp.Expr) -> bool:
    if isinstance(one, exp.Column) and isinstance(other, exp.Column) and "" in (one.table, other.table):
        return bool(one.name == other.name)
    return bool(one == other)


def _rownum_limit(node: exp.Expr) -> int | None:
    """Return n for `ROWNUM <= n` (n - 1 for `<`, 1 for `= 1`), None for any other condition."""
    if not isinstance(node, exp.LTE | exp.LT | exp.EQ) or not isinstance(node.left, exp.Column):
        return None
    if node.left.name != "rownum":
        return None
    if not isinstance(node.right, exp.Literal) or node.right.is_string:
        raise unsupported("ROWNUM is compared with a whole number")
    number = int(node.right.name)
    if isinstance(node, exp.EQ) and number != 1:
        return 0
    return number - 1 if isinstance(node, exp.LT) else number


def _fetch(select: exp.Select) -> int | None:
    fetch = select.args.get("limit")
    if fetch is None:
        return None
    count = fetch.args.get("count")
    if not isinstance(count, exp.Literal) or fetch.args["limit_options"].args.get("percent"):
        raise unsupported("FETCH FIRST takes a whole number of rows")
    return int(count.name)


def _tie_break(scope: Scope) -> str:
    """Rows that the ORDER BY leaves equal come in another order in every request (netsuite.md 1.2)."""
    rows = [f'coalesce("{one.alias}".rowid, 0)' for one in scope.relations.values() if one.has_rowid]
    return f"(({' + '.join(rows)}) * 7919 + :seed) * 104729 % 1000003" if rows else ""
