/* What the agent says on standard error, for the journal: one line an event. */
#ifndef BUSWARDEN_JOURNAL_H
#define BUSWARDEN_JOURNAL_H

/* Priorities of sd-daemon(3); the journal reads them, a terminal shows no more than "<4>" before the line. */
enum journal_level { JOURNAL_ALARM = 1, JOURNAL_ERROR = 3, JOURNAL_WARNING = 4, JOURNAL_NOTICE = 5 };

void journal(enum journal_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
