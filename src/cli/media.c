/* SPDX-License-Identifier: ISC */
#include "cli/media.h"

#include <dlfcn.h>
#include <string.h>
#include <strings.h>

static const char LIBRARY[] = "libneume-media.so.0";

/* ISO C has no conversion from an object pointer to a function's; POSIX has. */
static bool find(void *out, const nm_media *media, const char *name) {
    void *symbol = dlsym(media->library, name);
    memcpy(out, &symbol, sizeof symbol);
    return symbol != NULL;
}

neume_status nm_media_open(nm_media *out, neume_error *error) {
    /* What the fonts' library keeps would be lost if it were unloaded, and made again. */
    *out = (nm_media){.library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)};
    if (out->library && find(&out->draw, out, "neume_chart_draw") &&
        find(&out->clear, out, "neume_picture_clear"))
        return NEUME_OK;
    const char *why = dlerror();
    nm_report_fail(error, NEUME_FAILED,
                   "no pictures: %.200s; neume makes libneume-media where it is built with cairo",
                   why ? why : "out of memory");
    nm_media_close(out);
    return NEUME_FAILED;
}

void nm_media_close(nm_media *media) {
    if (media->library)
        dlclose(media->library);
    *media = (nm_media){.library = NULL};
}

neume_status nm_media_format(neume_picture_format *out, const char *path, neume_error *error) {
    static const char *const suffixes[] = {".png", ".svg", ".pdf"};
    const size_t length = strlen(path);
    for (int i = 0; i < 3; i++)
        if (length > 4 && strcasecmp(path + length - 4, suffixes[i]) == 0) {
            *out = (neume_picture_format)i;
            return NEUME_OK;
        }
    return nm_report_fail(error, NEUME_BAD_USAGE,
                          "%s: expected a name that ends in .png, .svg or .pdf", path);
}

neume_status nm_media_save(const nm_media *media, neume_context *context, const neume_chart *chart,
                           const char *path, neume_error *error) {
    neume_picture_format format;
    neume_picture picture = {NULL, 0};
    neume_status status = nm_media_format(&format, path, error);
    if (!status)
        status = media->draw(&picture, chart, format, error);
    if (!status)
        status =
            neume_file_save(path, context, (neume_bytes){picture.data, picture.size_bytes}, error);
    media->clear(&picture);
    return status;
}
