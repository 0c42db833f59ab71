/* What a program needs no more once it is started: root and its capabilities. */
#ifndef BUSWARDEN_PRIVILEGES_H
#define BUSWARDEN_PRIVILEGES_H

/* Become `user` with its groups (NULL: stay who we are), give up every capability, and never gain one again,
 * not by executing a program either. To be called before the first thread begins. -ENOENT: no such user;
 * -EPERM: we are somebody else and not root; else why it failed: then go no further. */
int privileges_drop(const char *user);

#endif
