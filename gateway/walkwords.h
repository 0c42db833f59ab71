/* The walk's words: in a record (the code, which never changes its meaning) and for people. */
#ifndef BUSWARDEN_WALKWORDS_H
#define BUSWARDEN_WALKWORDS_H

#include "gateway/walk.h"
#include "proto/words.h"

struct walk_words {
    const char *code;
    const char *words[2]; /* by language */
};

/* Never NULL. */
const struct walk_words *walk_words_kind(enum walk_kind kind);
const struct walk_words *walk_words_step(enum walk_step step); /* as a request: "sit down on it" */
const struct walk_words *walk_words_reason(enum walk_reason reason);
const struct walk_words *walk_words_result(enum walk_result result);

/* By code; what only a later version knows has its code for words. */
const char *walk_say_kind(enum words_language language, const char *code);
const char *walk_say_step(enum words_language language, const char *code);
const char *walk_say_reason(enum words_language language, const char *code);
const char *walk_say_result(enum words_language language, const char *code);

#endif
