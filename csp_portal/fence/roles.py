"""Make the roles of the database and their policies: the same again changes nothing and locks nothing."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from django.db import transaction

from core.fence import CUSTOMER, OFFICE, PROVIDER, RESELLER, WEB, WORKER
from csp_portal.fence.policies import ALL, FUNCTIONS, POLICIES

ACTING = (PROVIDER, RESELLER, CUSTOMER, OFFICE)
EVERYBODY = (WEB, WORKER, *ACTING)
# Tables of which even the worker may not do everything.
KEPT = {
    "activity_activityrecord": "UPDATE, DELETE",
    "django_migrations": "INSERT, UPDATE, DELETE",
}


def prepare(connection: Any) -> None:
    """Everything, in the database of the connection, whose user must own the tables and be allowed to make roles."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        make_roles(cursor)
        grant(cursor)
        make_functions(cursor)
        raise_policies(cursor)


def make_roles(cursor: Any) -> None:
    """Two accounts, and the roles that they take on; a role of that name that exists is left as it is."""
    for role in (*ACTING, WEB, WORKER):
        # NOINHERIT: what the web's account may take on, it does not have by itself.
        options = {WEB: "LOGIN NOINHERIT", WORKER: "LOGIN INHERIT"}.get(role, "NOLOGIN")
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE ROLE {role} {options}")
    members = [(WEB, role) for role in ACTING] + [(WORKER, OFFICE)]
    for member, role in members:
        cursor.execute(
            "SELECT 1 FROM pg_auth_members WHERE member = %s::regrole AND roleid = %s::regrole", [member, role]
        )
        if cursor.fetchone() is None:
            cursor.execute(f"GRANT {role} TO {member}")


def grant(cursor: Any) -> None:
    """Reading and writing for all, on tables of later migrations too; nobody changes the record or owns anything."""
    cursor.execute("SELECT quote_ident(current_schema())")
    schema, everybody = cursor.fetchone()[0], ", ".join(EVERYBODY)
    rows, numbers = "SELECT, INSERT, UPDATE, DELETE", "USAGE, SELECT"
    cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {everybody}")
    cursor.execute(f"GRANT {rows} ON ALL TABLES IN SCHEMA {schema} TO {everybody}")
    cursor.execute(f"GRANT {numbers} ON ALL SEQUENCES IN SCHEMA {schema} TO {everybody}")
    cursor.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {rows} ON TABLES TO {everybody}")
    cursor.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {numbers} ON SEQUENCES TO {everybody}")
    for table, rights in KEPT.items():
        cursor.execute(f"REVOKE {rights} ON {table} FROM {everybody}")


def make_functions(cursor: Any) -> None:
    """What some policies ask; they answer about nobody but whom the transaction names."""
    cursor.execute("SELECT quote_ident(current_schema())")
    schema = cursor.fetchone()[0]
    for name, body in FUNCTIONS.items():
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER "
            f"SET search_path = {schema}, pg_temp AS $$ {body} $$"
        )


def wanted() -> Iterator[tuple[str, str, str]]:
    """Table, role and condition of every policy."""
    for table, policies in POLICIES.items():
        for role, condition in {**policies, **ALL}.items():
            yield table, role, condition.format(row=table)


def standing_policies(cursor: Any) -> dict[tuple[str, str], str]:
    """The mark of each policy that is in force, by table and name."""
    cursor.execute(
        "SELECT c.relname, p.polname, coalesce(obj_description(p.oid, 'pg_policy'), '') FROM pg_policy p "
        "JOIN pg_class c ON c.oid = p.polrelid "
        "WHERE c.relnamespace = current_schema()::regnamespace AND c.relrowsecurity"
    )
    return {(table, name): mark for table, name, mark in cursor.fetchall()}


def raise_policies(cursor: Any) -> None:
    """Bring each table's policies to what is wanted; one that stands as wanted is not touched."""
    standing, kept = standing_policies(cursor), set()
    for table, role, condition in wanted():
        mark = sha256(condition.encode()).hexdigest()
        kept.add((table, role))
        if standing.get((table, role)) == mark:
            continue
        cursor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        cursor.execute(f"DROP POLICY IF EXISTS {role} ON {table}")
        cursor.execute(f"CREATE POLICY {role} ON {table} TO {role} USING ({condition})")
        cursor.execute(f"COMMENT ON POLICY {role} ON {table} IS '{mark}'")
    for table, name in set(standing) - kept:
        cursor.execute(f"DROP POLICY {name} ON {table}")


def let_searches_use_indexes(cursor: Any) -> bool:
    """Say of LIKE that it tells nothing of what it compares, so that an index may serve it behind a policy.

    Only a superuser may. Without it a search reads all rows of the company that asks.
    """
    cursor.execute("SELECT proleakproof FROM pg_proc WHERE oid = 'pg_catalog.textlike(text, text)'::regprocedure")
    if cursor.fetchone()[0]:
        return True
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if not cursor.fetchone()[0]:
        return False
    cursor.execute("ALTER FUNCTION pg_catalog.textlike(text, text) LEAKPROOF")
    return True


def holds(connection: Any) -> bool:
    """Whether every table has its policies in force, and the account that signed in is bound by them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relname = ANY(%s) AND relnamespace = current_schema()::regnamespace "
            "AND relrowsecurity AND NOT pg_has_role(session_user, relowner, 'USAGE') "
            "AND NOT (SELECT rolbypassrls FROM pg_roles WHERE rolname = session_user)",
            [list(POLICIES)],
        )
        return bool(cursor.fetchone()[0] == len(POLICIES))
