-- Version 14: how far those have come who read the store in order (the feed topics).
CREATE TABLE reader_position (
    name     TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) WITHOUT ROWID;
