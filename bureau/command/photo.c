/* photo: what decodes pictures from outside, in a process of its own */
#include "bureau/command/command.h"
#include "bureau/sightings/darkroom.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int run_photo(const struct command *self, int argc, char **argv)
{
    int status;
    if (!command_parse(self, argc, argv, NULL, 0, NULL, 0, &status))
        return status;
    const int rc = darkroom_process();
    /* The sandbox kills whoever tidies up as a program does that returns from main(). */
    _exit(rc == 0 ? EXIT_DONE : rc == -EINVAL || rc == -EFBIG || rc == -ENOMEM ? EXIT_USAGE : EXIT_CANNOT);
}

const struct command COMMAND_PHOTO = {
    .name = "photo",
    .summary = "what the bureau keeps of a picture",
    .run = run_photo,
    .manual =
        "NAME\n"
        "    buswarden-bureau photo - what the bureau keeps of a picture\n\n"
        "SYNOPSIS\n"
        "    buswarden-bureau photo < IN.jpg > OUT.jpg\n\n"
        "DESCRIPTION\n"
        "    Reads a JPEG of at most 8 MB, 48 million pixels and 16384 pixels a side, turns it upright, "
        "makes\n"
        "    it smaller so that its longer side has at most 1600 pixels, and writes it anew without "
        "anything\n"
        "    but the picture: no place, no device, no time. The size goes to standard error, as 1600x1200.\n"
        "    `run` starts this for each photo of a sighting. The picture is decoded with limits of memory\n"
        "    (512 MB) and processor time (5 s) and may make no system call but to read and write what is "
        "open.\n\n"
        "EXIT STATUS\n"
        "    0 done; 2 no such picture, the reason is on standard error; 3 could not run.\n",
};
