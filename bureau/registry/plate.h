/* Chinese licence plates as people type them, by the formats of GA 36-2018.
 *
 *     浙J12345             ordinary: province, letter, five; no I and no O among the five
 *     浙JD12345 浙J12345D  green: six, the first or the last a letter A..K (small and large vehicles)
 *     浙J1234学 京A1234警 川A1234挂 沪A1234试 京A1234超 沪A1234领 京A1234使   four and what the vehicle is
 *     粤Z1234港 粤Z1234澳  only 粤Z
 *     使014578             embassies before 2017
 */
#ifndef BUSWARDEN_PLATE_H
#define BUSWARDEN_PLATE_H

#include "proto/model.h"

enum { PLATE_UNREAD = '?' }; /* a character that nobody could read, in a partial plate */

/* One form for whatever means the same plate: "浙ｊ·１２３４５" -> "浙J12345". Spaces, dots and hyphens are
 * dropped; full-width and lower case, Cyrillic and Greek letters that look alike, and traditional characters
 * become what stands on the plate, as do I and O where the standard has 1 and 0 alone. 0 or -EINVAL. */
int plate_normalise(const char *text, char ret[BW_PLATE_LEN]);
/* The same; *ret_reason (static) says what is wrong with it. `partial`: '?', '*' and '_' stand for a
 * character that was not read and are kept as '?'. At least one must have been read. */
int plate_parse(const char *text, bool partial, char ret[BW_PLATE_LEN], const char **ret_reason);
bool plate_is_partial(const char *plate);

/* The characters of a normalised plate in one number, the first in the lowest byte, 0 where there is none:
 * plates are compared with few instructions. */
uint64_t plate_key(const char *plate);
/* In how many characters two plates differ; one that was not read differs from none. Plates that are not of
 * one length differ in many. Of one: which (the first is 1), and whether the two are often taken for each
 * other. */
struct plate_difference {
    unsigned n, position;
    bool confusable;
};
struct plate_difference plate_compare(uint64_t key_a, uint64_t key_b);

#endif
