/* A process that is about to read what a stranger made gives up everything but its memory and the files that
 * are open. */
#ifndef BUSWARDEN_SANDBOX_H
#define BUSWARDEN_SANDBOX_H

/* Limits of memory, processor, file size and open files, then a seccomp filter that kills at any system call
 * but reading, writing, memory and the end: no file can be opened, no program started, nobody connected to.
 * It also ends with its parent. 0 or a negative errno: then nothing foreign may be touched. */
int sandbox_enter(void);

#endif
