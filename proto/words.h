/* The words of model.h for people, in English and Chinese: the one place in C that has them. Never NULL; what
 * only a later version knows reads as "not known". */
#ifndef BUSWARDEN_WORDS_H
#define BUSWARDEN_WORDS_H

#include "proto/model.h"

enum words_language { WORDS_EN, WORDS_ZH };

/* "en" or "zh" as given to --lang; NULL = by the environment: Chinese when the locale says zh in UTF-8.
 * -EINVAL for another word. */
int words_choose(const char *lang, enum words_language *ret);

const char *words_kind(enum words_language language, enum bw_kind kind);
/* Articles of the School Bus Safety Regulations: "Art. 34", "第三十四条". */
const char *words_article(enum words_language language, enum bw_kind kind);
const char *words_phase(enum words_language language, enum bw_phase phase);
const char *words_severity(enum words_language language, enum bw_severity severity);
const char *words_reason(enum words_language language, enum bw_unlicensed_reason reason);
const char *words_limit(enum words_language language, enum bw_limit_source source, bool motorway);
const char *words_fault(enum words_language language, enum bw_fault fault);
const char *words_tamper(enum words_language language, enum bw_tamper tamper);
const char *words_alarm(enum words_language language, uint8_t level); /* of bw_evidence_left_behind */

enum { WORDS_PLACE_LEN = 96 };
/* "seat.row3.left2.occupied" -> "row 3 left, place 2"; what is no such name stays as it is. */
const char *words_place(enum words_language language, const char *place, char ret[WORDS_PLACE_LEN]);

#endif
