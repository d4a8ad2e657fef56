/* The table of built-in formats. */
#include "core/cdot.h"

extern const cdot_decoder dense_decoder;
extern const cdot_decoder csc_decoder, csc_min_decoder;
extern const cdot_decoder csc_palette_decoder;
extern const cdot_decoder im_decoder;
extern const cdot_decoder im_packed_decoder;
extern const cdot_decoder cells_decoder;
extern const cdot_decoder bitmap_decoder;
extern const cdot_decoder bsr_decoder;
extern const cdot_decoder cser_decoder;
extern const cdot_decoder eie_decoder;
extern const cdot_decoder ham_decoder;
extern const cdot_decoder sham_decoder;
extern const cdot_decoder column_combined_decoder;
extern const cdot_decoder nested_decoder;
extern const cdot_decoder rank_decoder;
extern const cdot_decoder dense_w8_decoder;
extern const cdot_decoder dense_s8_decoder;
extern const cdot_decoder csr16_decoder;
extern const cdot_decoder bcsr2x2_decoder;
extern const cdot_decoder rle4_decoder;
extern const cdot_decoder rel15_decoder;
extern const cdot_decoder psr8_decoder;
extern const cdot_decoder dcsr_decoder;
extern const cdot_decoder rice_decoder;

const cdot_decoder *cdot_find(const char *name)
{
    static const struct {
        const char *name;
        const cdot_decoder *decoder;
    } table[] = {
        {"dense", &dense_decoder},
        {"csc", &csc_decoder},
        {"csc_min", &csc_min_decoder},
        {"csc_palette", &csc_palette_decoder},
        {"im", &im_decoder},
        {"im_packed", &im_packed_decoder},
        {"cells", &cells_decoder},
        {"bitmap", &bitmap_decoder},
        {"bsr", &bsr_decoder},
        {"cser", &cser_decoder},
        {"eie", &eie_decoder},
        {"ham", &ham_decoder},
        {"sham", &sham_decoder},
        {"column_combined", &column_combined_decoder},
        {"nested", &nested_decoder},
        {"rank", &rank_decoder},
        {"dense_w8", &dense_w8_decoder},
        {"dense_s8", &dense_s8_decoder},
        {"csr16", &csr16_decoder},
        {"bcsr2x2", &bcsr2x2_decoder},
        {"rle4", &rle4_decoder},
        {"rel15", &rel15_decoder},
        {"psr8", &psr8_decoder},
        {"dcsr", &dcsr_decoder},
        {"rice", &rice_decoder},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *a = table[i].name, *b = name;
        while (*a && *a == *b)
            a++, b++;
        if (*a == *b)
            return table[i].decoder;
    }
    return NULL;
}
