-- Version 2: stretches of routes with a speed limit of their own; orders, as registered and as issued.
ALTER TABLE route ADD COLUMN limits BLOB NOT NULL DEFAULT x''; -- IEEE 754 little-endian: from_m, to_m, limit_kmh, motorway (0 or 1), ...
CREATE TABLE road_order (
    order_id       TEXT PRIMARY KEY,
    kind           INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 2),
    reason         TEXT NOT NULL,
    from_utc_ms    INTEGER NOT NULL,
    until_utc_ms   INTEGER NOT NULL CHECK (until_utc_ms > from_utc_ms),
    limit_kmh      REAL NOT NULL,
    routes         TEXT NOT NULL, -- ids, one a line; '' = every route
    area           BLOB NOT NULL  -- as route.points; empty = everywhere
) WITHOUT ROWID;
CREATE TABLE issued_orders (
    vehicle TEXT NOT NULL,
    version INTEGER NOT NULL,
    sealed  BLOB NOT NULL,
    PRIMARY KEY (vehicle, version)
);
