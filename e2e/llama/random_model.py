"""Writes a language model of two small layers whose weights are drawn by lot, for llama.cpp.

Its words are the 256 bytes and the printable characters, so it can say anything and means nothing:
just right for what a server does around a model (grammars, seeds, stops, limits). The end of text has no
weight, so it never falls silent by itself.

usage: random_model.py FILE
"""

import sys

import gguf
import numpy as np

SEED = 7
WIDTH, HEADS, LAYERS, INNER, CONTEXT = 64, 4, 2, 160, 2048
SPREAD = 0.25
UNKNOWN, BEGIN, END = 0, 1, 2
TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}\n{% endfor %}<assistant>"
)


def vocabulary():
    """Every token as (text, kind, score)."""
    kinds = gguf.TokenType
    special = [("<unk>", kinds.UNKNOWN), ("<s>", kinds.CONTROL), ("</s>", kinds.CONTROL)]
    raw = [(f"<0x{byte:02X}>", kinds.BYTE) for byte in range(256)]
    # A blank is written as U+2581.
    printable = [("\u2581" if char == " " else char, kinds.NORMAL) for char in map(chr, range(32, 127))]
    words = special + raw + printable
    # Rows of a matrix go by thirty-twos.
    fill = -len(words) % 32
    words += [(f"<fill{number}>", kinds.UNUSED) for number in range(fill)]
    return [(text.encode(), kind, -float(place) if kind == kinds.NORMAL else 0.0)
            for place, (text, kind) in enumerate(words)]


def main(file):
    """Writes the model."""
    words = vocabulary()
    drawn = np.random.default_rng(SEED)

    def weights(*shape):
        return (drawn.standard_normal(shape) * SPREAD).astype(np.float32)

    def ones():
        return np.ones(WIDTH, dtype=np.float32)

    model = gguf.GGUFWriter(file, "llama")
    model.add_name("random")
    model.add_context_length(CONTEXT)
    model.add_embedding_length(WIDTH)
    model.add_block_count(LAYERS)
    model.add_feed_forward_length(INNER)
    model.add_head_count(HEADS)
    model.add_head_count_kv(HEADS)
    model.add_rope_dimension_count(WIDTH // HEADS)
    model.add_layer_norm_rms_eps(1e-5)
    model.add_vocab_size(len(words))
    model.add_file_type(gguf.LlamaFileType.ALL_F32)
    model.add_tokenizer_model("llama")
    model.add_token_list([text for text, _, _ in words])
    model.add_token_types([kind for _, kind, _ in words])
    model.add_token_scores([score for _, _, score in words])
    model.add_unk_token_id(UNKNOWN)
    model.add_bos_token_id(BEGIN)
    model.add_eos_token_id(END)
    model.add_chat_template(TEMPLATE)

    said = weights(len(words), WIDTH)
    said[[UNKNOWN, BEGIN, END]] = 0
    model.add_tensor("token_embd.weight", weights(len(words), WIDTH))
    model.add_tensor("output_norm.weight", ones())
    model.add_tensor("output.weight", said)
    for layer in range(LAYERS):
        shapes = {
            "attn_q": (WIDTH, WIDTH), "attn_k": (WIDTH, WIDTH), "attn_v": (WIDTH, WIDTH),
            "attn_output": (WIDTH, WIDTH), "ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH),
            "ffn_down": (WIDTH, INNER),
        }
        for name in ("attn_norm", "ffn_norm"):
            model.add_tensor(f"blk.{layer}.{name}.weight", ones())
        for name, shape in shapes.items():
            model.add_tensor(f"blk.{layer}.{name}.weight", weights(*shape))
    model.write_header_to_file()
    model.write_kv_data_to_file()
    model.write_tensors_to_file()
    model.close()


if __name__ == "__main__":
    main(sys.argv[1])
