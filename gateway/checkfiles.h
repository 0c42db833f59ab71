/* What the configuration names outside of itself: keys, what the bureau issued, certificates, folders,
 * devices, the alarm's command. */
#ifndef BUSWARDEN_CHECKFILES_H
#define BUSWARDEN_CHECKFILES_H

#include "gateway/check.h"

/* Reads all of it, and changes nothing. Persons approved by the licence; 0 when none is held. */
unsigned check_files(struct check *check);

#endif
