/* The words of model.h for people, in English and Chinese: the one place in C that has them. Never NULL; what
 * only a later version knows reads as "not known". */
#ifndef BUSWARDEN_WORDS_H
#define BUSWARDEN_WORDS_H

#include "proto/model.h"

enum words_language { WORDS_EN, WORDS_ZH };

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

#endif
