"""Links have a state: one that an exception covers is revoked, as a headline is, and its own scope may stay in force."""

from __future__ import annotations

from alembic import op

revision = "20261201_0004"
down_revision = "20261201_0003"
branch_labels = None
depends_on = None

# Revokes what the views must not show any longer: links whose scope left the list, which the views left out already, links
# that an exception in force covers, and links whose path servers could read differently where the list goes by path. The rule is written out as it was at this revision, since the guards' own may
# change.
REVOKE = """
    UPDATE links AS x SET state = 'revoked'
     WHERE EXISTS (SELECT 1 FROM scopes f WHERE f.id = x.scope_id AND f.until_generation IS NOT NULL)
        OR EXISTS (SELECT 1
      FROM (SELECT g.*, substr(g.rest, g.segment + 1) AS tail
      FROM (SELECT r.*, CASE {position}(r.rest, '/') WHEN 0 THEN length(r.rest)
                        ELSE {position}(r.rest, '/') - 1 END AS segment
      FROM (SELECT p.*, substr(p.path, length(p.path_before) + 1) AS rest
      FROM (SELECT s.*, CASE WHEN s.fold THEN {lower} ELSE x.path END
                   || CASE WHEN s.path_match = 'prefix' THEN '/' ELSE '' END AS path
              FROM scopes s
             WHERE s.vendor_id = x.vendor_id AND s.until_generation IS NULL
               AND CASE WHEN s.subdomains THEN length(x.host) > length(s.host) + 1
                         AND substr(x.host, length(x.host) - length(s.host)) = '.' || s.host
                        ELSE x.host = s.host END) p) r) g) t
     WHERE (t.path_match <> 'any' AND ({obscure})) OR (t."grant" = 'exception' AND CASE
             WHEN t.query IS NOT NULL AND x.suffix <> '?' || t.query
              AND substr(x.suffix, 1, length(t.query) + 2) <> '?' || t.query || '#' THEN FALSE
             WHEN t.path_match = 'any' THEN TRUE
             WHEN substr(t.path, 1, length(t.path_before)) <> t.path_before THEN FALSE
             WHEN t.path_after IS NULL THEN t.path_match = 'prefix' OR t.rest = ''
             WHEN t.segment = 0 THEN FALSE
             WHEN t.path_match = 'exact' THEN t.tail = t.path_after
             ELSE substr(t.tail, 1, length(t.path_after)) = t.path_after END))"""
OBSCURE = " OR ".join(
    f"replace(upper(x.path), '{part}', '') <> upper(x.path)" for part in ("//", "%2F", "%5C", "%00", "/.;", "/..;")
)


def upgrade() -> None:
    # Both engines take the constraint with the column, so that no table has to be copied.
    op.execute(
        "ALTER TABLE links ADD COLUMN state TEXT DEFAULT 'live' NOT NULL"
        " CONSTRAINT ck_links_state CHECK (\"state\" IN ('live', 'revoked'))"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(REVOKE.format(position="strpos", lower='lower(x.path COLLATE "C")', obscure=OBSCURE))
    else:
        op.execute(REVOKE.format(position="instr", lower="lower(x.path)", obscure=OBSCURE))


def downgrade() -> None:
    op.execute("ALTER TABLE links DROP COLUMN state")
