/* What a case is, and what becomes of it: state x action x role -> next state, or the reason why not. Pure.
 *
 *     open -> acknowledged -> assigned (school, deadline) -> rectified -> closed
 *     each but the last two: dismissed, with a reason
 *
 * Whether a case is overdue is derived (policy.h), never stored. Manual for people: docs/cases.md. */
#ifndef BUSWARDEN_CASES_STATE_H
#define BUSWARDEN_CASES_STATE_H

#include "proto/model.h"

/* The alert kinds with their numbers, and what no vehicle says of itself. */
enum case_kind {
    CASE_SILENT = 20,   /* a vehicle that should be running by its permit says nothing (Art. 21) */
    CASE_OUTAGE = 21,   /* more than a share of them at once, or the bureau itself was away */
    CASE_SIGHTING = 22, /* seen on the road: a vehicle without permit, mostly without a device (Art. 45) */
    CASE_KINDS = 23     /* numbers are below this */
};

/* Who or what found it. */
enum case_source {
    CASE_BY_ALERT = 1,
    CASE_BY_SIGHTING = 2,
    CASE_BY_SILENCE = 3,
    CASE_BY_REJUDGING = 4, /* shown to a school only once it was assigned to it */
    CASE_SOURCES
};

enum case_state {
    CASE_STATE_NONE = 0,
    CASE_OPEN = 1,
    CASE_ACKNOWLEDGED = 2,
    CASE_ASSIGNED = 3,
    CASE_RECTIFIED = 4, /* the school says that it is done; the bureau has not looked yet */
    CASE_CLOSED = 5,
    CASE_DISMISSED = 6,
    CASE_STATES
};

enum case_action {
    CASE_DO_OPEN = 1,
    CASE_DO_MERGE = 2, /* another alert or sighting of the same vehicle, kind and trip */
    CASE_DO_RAISE = 3, /* it is graver than it was */
    CASE_DO_ACKNOWLEDGE = 4,
    CASE_DO_ASSIGN = 5, /* also again: to another school, or with another deadline */
    CASE_DO_ANSWER = 6, /* by the school, or the bureau in its name */
    CASE_DO_RETURN = 7, /* not rectified: back to the school; by itself when it has happened after ANSWER */
    CASE_DO_CLOSE = 8,
    CASE_DO_DISMISS = 9, /* the text is the reason */
    CASE_DO_NOTE = 10,
    CASE_DO_HAND_OVER = 11, /* to the police */
    CASE_DO_ESCALATE = 12,
    CASE_DO_EXPLAIN = 13, /* by the bureau's program: what was found has an innocent reason. Closed */
    CASE_ACTIONS
};

/* The four ways of JT/T 809, 0x1401. Only DONE changes the state; the bureau decides about the rest. */
enum case_answer {
    CASE_NO_ANSWER = -1,
    CASE_IN_PROGRESS = 0,
    CASE_DONE = 1,
    CASE_NO_ACTION = 2, /* nothing is to be done, the text says why */
    CASE_LATER = 3,
    CASE_ANSWERS
};

enum case_role {
    CASE_ROLE_SYSTEM = 0, /* the bureau's program */
    CASE_ROLE_ADMIN = 1,
    CASE_ROLE_BUREAU = 2,
    CASE_ROLE_SCHOOL = 3,
    CASE_ROLE_POLICE = 4,
    CASE_ROLES
};

struct case_move {
    enum case_action action;
    enum case_role role;
    bool own;                /* SCHOOL: the case is assigned to it */
    enum case_answer answer; /* ANSWER */
    bool has_text;
};

enum case_refusal {
    CASE_ALLOWED,
    CASE_WRONG_ROLE,   /* this role never does that */
    CASE_NOT_OWN,      /* a school on a case that is not assigned to it */
    CASE_WRONG_STATE,  /* not in this state */
    CASE_NEEDS_TEXT,   /* a reason, or words for the school */
    CASE_NEEDS_ANSWER, /* none of the four */
    CASE_REFUSALS
};

/* The text of a return by itself: it has happened since the school said that it was done. What happened
 * before that and is told later joins the case, and returns nothing. */
#define CASE_AGAIN "returned:again"

/* ALLOWED and *ret_next is the state after it; else why not, in the order above. */
enum case_refusal case_next(enum case_state state, const struct case_move *move, enum case_state *ret_next);
bool case_is_over(enum case_state state); /* closed or dismissed: nothing is due any more */

/* "open", "acknowledge", "in_progress", "bureau", "SILENT"...; "" for a number that is none. */
const char *case_state_name(enum case_state state);
const char *case_action_name(enum case_action action);
const char *case_answer_name(enum case_answer answer);
const char *case_role_name(enum case_role role);
const char *case_source_name(enum case_source source);
const char *case_kind_name(int kind);
const char *case_refusal_name(enum case_refusal refusal);
/* Back; 0 (of an answer CASE_NO_ANSWER) when it is none. */
enum case_state case_state_parse(const char *name);
enum case_action case_action_parse(const char *name);
enum case_answer case_answer_parse(const char *name);
int case_kind_parse(const char *name);

#endif
