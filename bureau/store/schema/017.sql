-- Version 17: what lists and counts are asked by, and what the outbox of notifications deletes by time.
CREATE INDEX cases_state ON cases(state, deadline_utc_ms);
CREATE INDEX audit_not_held ON audit(subject) WHERE action = 'records_not_held';
CREATE INDEX notice_message_ended ON notice_message(last_utc_ms) WHERE state > 2;
CREATE INDEX notice_made ON notice(made_utc_ms);
CREATE INDEX notice_attempt_time ON notice_attempt(utc_ms);
