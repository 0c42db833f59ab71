#include "bureau/cases/state.h"

#include <string.h>

#define BIT(number) (1U << (number))

enum {
    SYSTEM = BIT(CASE_ROLE_SYSTEM),
    ADMIN = BIT(CASE_ROLE_ADMIN),
    BUREAU = BIT(CASE_ROLE_BUREAU),
    SCHOOL = BIT(CASE_ROLE_SCHOOL),
    POLICE = BIT(CASE_ROLE_POLICE),
    OFFICE = ADMIN | BUREAU,

    OPEN = BIT(CASE_OPEN),
    ACKNOWLEDGED = BIT(CASE_ACKNOWLEDGED),
    ASSIGNED = BIT(CASE_ASSIGNED),
    RECTIFIED = BIT(CASE_RECTIFIED),
    OVER = BIT(CASE_CLOSED) | BIT(CASE_DISMISSED),
    UNDONE = OPEN | ACKNOWLEDGED | ASSIGNED,
    GOING = UNDONE | RECTIFIED,
};

/* DO_OPEN makes the row and so has no state before it: it is no move. */
static const struct {
    unsigned roles, states;
    enum case_state next; /* NONE: it stays */
    bool needs_text;
} MOVES[CASE_ACTIONS] = {
    [CASE_DO_MERGE] = {SYSTEM | OFFICE | POLICE | SCHOOL, GOING, CASE_STATE_NONE, false},
    [CASE_DO_RAISE] = {SYSTEM, GOING, CASE_STATE_NONE, false},
    [CASE_DO_ACKNOWLEDGE] = {OFFICE, OPEN, CASE_ACKNOWLEDGED, false},
    [CASE_DO_ASSIGN] = {OFFICE, UNDONE, CASE_ASSIGNED, false},
    [CASE_DO_ANSWER] = {OFFICE | SCHOOL, ASSIGNED, CASE_STATE_NONE, true},
    [CASE_DO_RETURN] = {SYSTEM | OFFICE, RECTIFIED, CASE_ASSIGNED, true},
    [CASE_DO_CLOSE] = {OFFICE, RECTIFIED, CASE_CLOSED, false},
    [CASE_DO_DISMISS] = {OFFICE, GOING, CASE_DISMISSED, true},
    [CASE_DO_NOTE] = {OFFICE | SCHOOL | POLICE, GOING | OVER, CASE_STATE_NONE, true},
    [CASE_DO_HAND_OVER] = {OFFICE, GOING, CASE_STATE_NONE, true},
    [CASE_DO_ESCALATE] = {SYSTEM | OFFICE, UNDONE, CASE_STATE_NONE, false},
    [CASE_DO_EXPLAIN] = {SYSTEM, UNDONE, CASE_CLOSED, true},
};

static bool is_answer(enum case_answer answer)
{
    return answer >= CASE_IN_PROGRESS && answer < CASE_ANSWERS;
}

enum case_refusal case_next(enum case_state state, const struct case_move *move, enum case_state *ret_next)
{
    const unsigned action = (unsigned)move->action;
    if (action >= CASE_ACTIONS || (unsigned)move->role >= CASE_ROLES ||
        !(MOVES[action].roles & BIT(move->role)))
        return CASE_WRONG_ROLE;
    if (move->role == CASE_ROLE_SCHOOL && move->action != CASE_DO_MERGE && !move->own)
        return CASE_NOT_OWN;
    if ((unsigned)state >= CASE_STATES || !(MOVES[action].states & BIT(state)))
        return CASE_WRONG_STATE;
    if (MOVES[action].needs_text && !move->has_text)
        return CASE_NEEDS_TEXT;
    if (move->action == CASE_DO_ANSWER && !is_answer(move->answer))
        return CASE_NEEDS_ANSWER;
    if (move->action == CASE_DO_ANSWER && move->answer == CASE_DONE)
        *ret_next = CASE_RECTIFIED;
    else
        *ret_next = MOVES[action].next == CASE_STATE_NONE ? state : MOVES[action].next;
    return CASE_ALLOWED;
}

bool case_is_over(enum case_state state)
{
    return state == CASE_CLOSED || state == CASE_DISMISSED;
}

/* --- names --- */

static const char *const STATES[CASE_STATES] = {
    [CASE_OPEN] = "open",         [CASE_ACKNOWLEDGED] = "acknowledged",
    [CASE_ASSIGNED] = "assigned", [CASE_RECTIFIED] = "rectified",
    [CASE_CLOSED] = "closed",     [CASE_DISMISSED] = "dismissed",
};
static const char *const ACTIONS[CASE_ACTIONS] = {
    [CASE_DO_OPEN] = "open",           [CASE_DO_MERGE] = "merge",
    [CASE_DO_RAISE] = "raise",         [CASE_DO_ACKNOWLEDGE] = "acknowledge",
    [CASE_DO_ASSIGN] = "assign",       [CASE_DO_ANSWER] = "answer",
    [CASE_DO_RETURN] = "return",       [CASE_DO_CLOSE] = "close",
    [CASE_DO_DISMISS] = "dismiss",     [CASE_DO_NOTE] = "note",
    [CASE_DO_HAND_OVER] = "hand_over", [CASE_DO_ESCALATE] = "escalate",
    [CASE_DO_EXPLAIN] = "explain",
};
static const char *const ANSWERS[CASE_ANSWERS] = {
    [CASE_IN_PROGRESS] = "in_progress",
    [CASE_DONE] = "done",
    [CASE_NO_ACTION] = "no_action",
    [CASE_LATER] = "later",
};
static const char *const ROLES[CASE_ROLES] = {
    [CASE_ROLE_SYSTEM] = "system", [CASE_ROLE_ADMIN] = "admin",   [CASE_ROLE_BUREAU] = "bureau",
    [CASE_ROLE_SCHOOL] = "school", [CASE_ROLE_POLICE] = "police",
};
static const char *const SOURCES[CASE_SOURCES] = {
    [CASE_BY_ALERT] = "alert",
    [CASE_BY_SIGHTING] = "sighting",
    [CASE_BY_SILENCE] = "silence",
    [CASE_BY_REJUDGING] = "rejudging",
};
static const char *const KINDS[CASE_KINDS] = {
    [BW_OVERLOAD] = "OVERLOAD",
    [BW_OFF_ROUTE] = "OFF_ROUTE",
    [BW_OUT_OF_HOURS] = "OUT_OF_HOURS",
    [BW_UNAPPROVED_STOP] = "UNAPPROVED_STOP",
    [BW_UNLICENSED] = "UNLICENSED",
    [BW_OVERSPEED] = "OVERSPEED",
    [BW_UNBELTED] = "UNBELTED",
    [BW_DOOR_OPEN_MOVING] = "DOOR_OPEN_MOVING",
    [BW_CHILD_LEFT_BEHIND] = "CHILD_LEFT_BEHIND",
    [BW_SENSOR_FAULT] = "SENSOR_FAULT",
    [BW_TAMPER] = "TAMPER",
    [CASE_SILENT] = "SILENT",
    [CASE_OUTAGE] = "OUTAGE",
    [CASE_SIGHTING] = "SIGHTING",
};
static const char *const REFUSALS[CASE_REFUSALS] = {
    [CASE_ALLOWED] = "allowed",       [CASE_WRONG_ROLE] = "wrong_role",
    [CASE_NOT_OWN] = "not_own",       [CASE_WRONG_STATE] = "wrong_state",
    [CASE_NEEDS_TEXT] = "needs_text", [CASE_NEEDS_ANSWER] = "needs_answer",
};

static const char *name_of(const char *const *names, unsigned n, int number)
{
    return number >= 0 && (unsigned)number < n && names[number] ? names[number] : "";
}

static int number_of(const char *const *names, int n, int none, const char *name)
{
    for (int i = 0; i < n; i++)
        if (names[i] && strcmp(names[i], name) == 0)
            return i;
    return none;
}

const char *case_state_name(enum case_state state)
{
    return name_of(STATES, CASE_STATES, (int)state);
}

const char *case_action_name(enum case_action action)
{
    return name_of(ACTIONS, CASE_ACTIONS, (int)action);
}

const char *case_answer_name(enum case_answer answer)
{
    return name_of(ANSWERS, CASE_ANSWERS, (int)answer);
}

const char *case_role_name(enum case_role role)
{
    return name_of(ROLES, CASE_ROLES, (int)role);
}

const char *case_source_name(enum case_source source)
{
    return name_of(SOURCES, CASE_SOURCES, (int)source);
}

const char *case_kind_name(int kind)
{
    return name_of(KINDS, CASE_KINDS, kind);
}

const char *case_refusal_name(enum case_refusal refusal)
{
    return name_of(REFUSALS, CASE_REFUSALS, (int)refusal);
}

enum case_state case_state_parse(const char *name)
{
    return (enum case_state)number_of(STATES, CASE_STATES, 0, name);
}

enum case_action case_action_parse(const char *name)
{
    return (enum case_action)number_of(ACTIONS, CASE_ACTIONS, 0, name);
}

enum case_answer case_answer_parse(const char *name)
{
    return (enum case_answer)number_of(ANSWERS, CASE_ANSWERS, CASE_NO_ANSWER, name);
}

int case_kind_parse(const char *name)
{
    return number_of(KINDS, CASE_KINDS, 0, name);
}
