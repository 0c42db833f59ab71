/* Chinese licence plates as people type them. */
#ifndef BUSWARDEN_PLATE_H
#define BUSWARDEN_PLATE_H

#include "proto/model.h"

/* Full-width to ASCII, lower to upper case, spaces, dots, middle dots and hyphens dropped: "浙ｊ·１２３４５"
 * -> "浙J12345". 0, or -EINVAL when what is left is not a province character, a letter and 5 or 6 of [A-Z0-9]
 * or a closing 学 警 港 澳 挂 试 领. */
int plate_normalise(const char *text, char ret[BW_PLATE_LEN]);

#endif
