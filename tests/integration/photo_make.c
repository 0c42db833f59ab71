/* photo_make WIDTH HEIGHT [progressive]: a JPEG of noise over a slope, as large as a camera's, on standard
 * output. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    const int width = (int)strtol(argv[1], NULL, 10), height = (int)strtol(argv[2], NULL, 10);
    const int flags = argc > 3 && strcmp(argv[3], "progressive") == 0 ? TJFLAG_PROGRESSIVE : 0;
    const size_t size = (size_t)width * (size_t)height * 3;
    uint8_t *pixels = malloc(size), *made = NULL;
    unsigned long len = 0;
    uint32_t noise = 1;
    tjhandle encoder = tjInitCompress();
    if (!pixels || !encoder)
        abort();
    for (size_t i = 0; i < size; i++) {
        noise = noise * 1103515245 + 12345;
        pixels[i] = (uint8_t)(i * 200 / size + (noise >> 28));
    }
    if (tjCompress2(encoder, pixels, width, 0, height, TJPF_RGB, &made, &len, TJSAMP_420, 85, flags) != 0)
        abort();
    const int rc = fwrite(made, 1, len, stdout) == len ? 0 : 3;
    tjFree(made);
    (void)tjDestroy(encoder);
    free(pixels);
    return rc;
}
