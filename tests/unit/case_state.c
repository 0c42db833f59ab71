/* What may follow what: every state x action x role, against a table of its own that is written for reading:
 * one line an action, one letter a state (o open, a acknowledged, s assigned, r rectified, c closed,
 * d dismissed); '-' not in this state, '.' the state stays, else the letter of the next one. */
#include "bureau/cases/state.h"

#include <criterion/criterion.h>
#include <string.h>

static const char LETTERS[] = "?oasrcd";

static const struct {
    enum case_action action;
    const char *roles; /* y system, m admin, b bureau, s school, p police */
    const char *next;  /* by state: o a s r c d */
    bool needs_text;
} TABLE[] = {
    {CASE_DO_MERGE, "ymbsp", "....--", false},    {CASE_DO_RAISE, "y", "....--", false},
    {CASE_DO_ACKNOWLEDGE, "mb", "a-----", false}, {CASE_DO_ASSIGN, "mb", "sss---", false},
    {CASE_DO_ANSWER, "mbs", "--.---", true},      {CASE_DO_RETURN, "ymb", "---s--", true},
    {CASE_DO_CLOSE, "mb", "---c--", false},       {CASE_DO_DISMISS, "mb", "dddd--", true},
    {CASE_DO_NOTE, "mbsp", "......", true},       {CASE_DO_HAND_OVER, "mb", "....--", true},
    {CASE_DO_ESCALATE, "ymb", "...---", false},   {CASE_DO_EXPLAIN, "y", "ccc---", true},
};
enum { N_ACTIONS = sizeof TABLE / sizeof *TABLE };
static const char ROLE_LETTERS[] = "ymbsp";

Test(case_state, table_has_every_action_but_open)
{
    cr_expect_eq(N_ACTIONS, CASE_ACTIONS - 2);
    for (int action = CASE_DO_MERGE; action < CASE_ACTIONS; action++)
        cr_expect_eq(TABLE[action - CASE_DO_MERGE].action, (enum case_action)action);
}

static enum case_state letter_state(char letter)
{
    return (enum case_state)(strchr(LETTERS, letter) - LETTERS);
}

Test(case_state, every_state_action_and_role)
{
    int allowed = 0;
    for (int i = 0; i < N_ACTIONS; i++)
        for (int role = 0; role < CASE_ROLES; role++)
            for (int state = CASE_OPEN; state < CASE_STATES; state++) {
                const struct case_move move = {.action = TABLE[i].action,
                                               .role = (enum case_role)role,
                                               .own = true,
                                               .answer = CASE_IN_PROGRESS,
                                               .has_text = true};
                const char next = TABLE[i].next[state - CASE_OPEN];
                enum case_state got = CASE_STATE_NONE;
                const enum case_refusal refusal = case_next((enum case_state)state, &move, &got);
                if (strchr(TABLE[i].roles, ROLE_LETTERS[role]) == NULL) {
                    cr_expect_eq(refusal, CASE_WRONG_ROLE, "%s by %s in %s", case_action_name(move.action),
                                 case_role_name(move.role), case_state_name((enum case_state)state));
                } else if (next == '-') {
                    cr_expect_eq(refusal, CASE_WRONG_STATE, "%s by %s in %s", case_action_name(move.action),
                                 case_role_name(move.role), case_state_name((enum case_state)state));
                } else {
                    cr_expect_eq(refusal, CASE_ALLOWED, "%s by %s in %s", case_action_name(move.action),
                                 case_role_name(move.role), case_state_name((enum case_state)state));
                    cr_expect_eq(got, next == '.' ? (enum case_state)state : letter_state(next));
                    allowed++;
                }
                if (refusal != CASE_ALLOWED)
                    cr_expect_eq(got, CASE_STATE_NONE, "untouched");
            }
    cr_expect_eq(allowed, 92);
}

Test(case_state, who_must_give_a_reason_gives_one)
{
    for (int i = 0; i < N_ACTIONS; i++)
        for (int state = CASE_OPEN; state < CASE_STATES; state++) {
            const enum case_role role =
                strchr(TABLE[i].roles, 'b') != NULL ? CASE_ROLE_BUREAU : CASE_ROLE_SYSTEM;
            const struct case_move move = {
                .action = TABLE[i].action, .role = role, .answer = CASE_LATER, .has_text = false};
            enum case_state got;
            if (TABLE[i].next[state - CASE_OPEN] != '-')
                cr_expect_eq(case_next((enum case_state)state, &move, &got),
                             TABLE[i].needs_text ? CASE_NEEDS_TEXT : CASE_ALLOWED, "%s",
                             case_action_name(move.action));
        }
}

Test(case_state, a_school_moves_only_what_is_assigned_to_it)
{
    for (int action = CASE_DO_MERGE; action < CASE_ACTIONS; action++) {
        const struct case_move move = {.action = (enum case_action)action,
                                       .role = CASE_ROLE_SCHOOL,
                                       .own = false,
                                       .answer = CASE_DONE,
                                       .has_text = true};
        enum case_state got;
        const enum case_refusal refusal = case_next(CASE_ASSIGNED, &move, &got);
        if (action == CASE_DO_MERGE) /* its gate sees another's vehicle */
            cr_expect_eq(refusal, CASE_ALLOWED);
        else if (action == CASE_DO_ANSWER || action == CASE_DO_NOTE)
            cr_expect_eq(refusal, CASE_NOT_OWN);
        else
            cr_expect_eq(refusal, CASE_WRONG_ROLE);
    }
}

Test(case_state, only_done_is_rectified)
{
    for (int answer = -2; answer <= CASE_ANSWERS; answer++) {
        const struct case_move move = {.action = CASE_DO_ANSWER,
                                       .role = CASE_ROLE_SCHOOL,
                                       .own = true,
                                       .answer = (enum case_answer)answer,
                                       .has_text = true};
        enum case_state got = CASE_STATE_NONE;
        const enum case_refusal refusal = case_next(CASE_ASSIGNED, &move, &got);
        const bool known = answer >= 0 && answer < CASE_ANSWERS;
        cr_expect_eq(refusal, known ? CASE_ALLOWED : CASE_NEEDS_ANSWER);
        if (known)
            cr_expect_eq(got, answer == CASE_DONE ? CASE_RECTIFIED : CASE_ASSIGNED);
    }
}

Test(case_state, numbers_that_are_none_are_refused)
{
    enum case_state got;
    const struct case_move moves[] = {
        {.action = (enum case_action)0, .role = CASE_ROLE_ADMIN, .has_text = true},
        {.action = CASE_DO_OPEN, .role = CASE_ROLE_SYSTEM, .has_text = true},
        {.action = CASE_ACTIONS, .role = CASE_ROLE_ADMIN, .has_text = true},
        {.action = CASE_DO_NOTE, .role = CASE_ROLES, .has_text = true},
        {.action = CASE_DO_NOTE, .role = (enum case_role) - 1, .has_text = true},
    };
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        cr_expect_eq(case_next(CASE_OPEN, &moves[i], &got), CASE_WRONG_ROLE, "%zu", i);
    const struct case_move note = {.action = CASE_DO_NOTE, .role = CASE_ROLE_ADMIN, .has_text = true};
    cr_expect_eq(case_next(CASE_STATE_NONE, &note, &got), CASE_WRONG_STATE);
    cr_expect_eq(case_next(CASE_STATES, &note, &got), CASE_WRONG_STATE);
    cr_expect_eq(case_next((enum case_state) - 1, &note, &got), CASE_WRONG_STATE);
}

Test(case_state, names_go_both_ways)
{
    for (int state = CASE_OPEN; state < CASE_STATES; state++)
        cr_expect_eq(case_state_parse(case_state_name((enum case_state)state)), (enum case_state)state);
    for (int action = CASE_DO_OPEN; action < CASE_ACTIONS; action++)
        cr_expect_eq(case_action_parse(case_action_name((enum case_action)action)), (enum case_action)action);
    for (int answer = 0; answer < CASE_ANSWERS; answer++)
        cr_expect_eq(case_answer_parse(case_answer_name((enum case_answer)answer)), (enum case_answer)answer);
    for (int kind = 1; kind < CASE_KINDS; kind++)
        if (*case_kind_name(kind) != '\0')
            cr_expect_eq(case_kind_parse(case_kind_name(kind)), kind);
    cr_expect_str_eq(case_kind_name(CASE_SIGHTING), "SIGHTING");
    cr_expect_str_eq(case_kind_name(12), "");
    cr_expect_str_eq(case_kind_name(-1), "");
    cr_expect_str_eq(case_state_name(CASE_STATES), "");
    cr_expect_eq(case_kind_parse("NONE"), 0);
    cr_expect_eq(case_answer_parse(""), CASE_NO_ANSWER);
    for (int refusal = 0; refusal < CASE_REFUSALS; refusal++)
        cr_expect(*case_refusal_name((enum case_refusal)refusal) != '\0');
    for (int role = 0; role < CASE_ROLES; role++)
        cr_expect(*case_role_name((enum case_role)role) != '\0');
    for (int source = 1; source < CASE_SOURCES; source++)
        cr_expect(*case_source_name((enum case_source)source) != '\0');
}
