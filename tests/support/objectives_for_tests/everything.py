"""An objective that asks for everything the plug-in seam has, as cultural tuning (SCoFT) and composition control will.

Three captions, class pictures as negatives, a description of each picture, conditioning tokens with attention processors of
their own and dropout, and a loss on pixels through one sampling step and a frozen backbone.

Legend: B batch, C latent channels, h w latents, H W pixels, L tokens, D width, F features.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import AttnProcessor2_0

from finetune.captions import class_caption, concept_caption
from finetune.loss_terms import logged

KEEPS = ("vae",)
TOKENS = 2


@dataclass(frozen=True, kw_only=True)
class Settings:
    seen_every: int = 2
    margin: float = 0.5
    dropout: float = 0.3


class OwnAttention(torch.nn.Module):
    """Attention to the objective's own tokens, added to attention to the text; without such tokens it adds nothing."""

    def __init__(self, width: int, cross: int, length: int) -> None:
        super().__init__()
        self.text, self.length = AttnProcessor2_0(), length
        self.key = torch.nn.Linear(cross, width, bias=False)
        self.value = torch.nn.Linear(cross, width, bias=False)
        torch.nn.init.zeros_(self.value.weight)

    def forward(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, temb=None, **named):
        text, own = encoder_hidden_states.split([self.length, encoder_hidden_states.shape[1] - self.length], dim=1)
        answer = self.text(attn, hidden_states, text, attention_mask, temb)
        if own.shape[1] == 0:
            return answer

        def heads(values):
            return values.unflatten(-1, (attn.heads, -1)).transpose(1, 2)

        found = F.scaled_dot_product_attention(heads(attn.to_q(hidden_states)), heads(self.key(own)), heads(self.value(own)))
        return answer + found.transpose(1, 2).flatten(2)


def texts(caption, concepts, fallback):
    return {
        "concept": concept_caption(caption, concepts, fallback),
        "class": class_caption(caption, concepts, fallback),
        "generic": "a tree at day",
    }


def class_pictures(settings):
    return 1


def describe(pixels):
    """How bright the upper and the lower half are, in [0, 1]."""
    upper, lower = pixels.chunk(2, dim=1)
    return {"light": torch.stack([upper.mean(), lower.mean()]) / 2 + 0.5}


def install(parts):
    processors = parts.denoiser.attn_processors
    length = parts.modules["tokenizer"].model_max_length
    own = {}
    for name in processors:
        attention = parts.denoiser.get_submodule(name.removesuffix(".processor"))
        if attention.is_cross_attention:
            own[name] = OwnAttention(attention.to_v.out_features, attention.cross_attention_dim, length)
    parts.denoiser.set_attn_processor({**processors, **own})
    parts.extra["attention"] = torch.nn.ModuleList(own.values())
    parts.extra["tokens"] = torch.nn.Linear(2, 16 * TOKENS)
    parts.extra["nothing"] = torch.nn.Embedding(TOKENS, 16)
    parts.beside["eyes"] = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, stride=2), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(4))


def _with_light(parts, condition, light, dropped):
    """The condition and the tokens of the light, or the learned nothing where dropped."""
    rows = len(condition["text"])
    tokens = parts.extra["tokens"](light).view(rows, TOKENS, 16)
    nothing = parts.extra["nothing"](torch.arange(TOKENS)).expand(rows, -1, -1)
    return {"text": torch.cat([condition["text"], torch.where(dropped[:, None, None], nothing, tokens)], dim=1)}


def loss(parts, batch, generator):
    settings = parts.settings
    latents = parts.latents(batch.moments, generator.normal)  # B C h w
    noise, t = generator.normal(latents.shape[1:]), parts.timesteps(generator.uniform())
    noisy = parts.noised(latents, noise, t)
    dropped = generator.uniform() < settings.dropout
    own = _with_light(parts, parts.condition(batch.texts["concept"]), batch.extras["light"], dropped)
    predicted = parts.predict(noisy, t, own)
    plain = (predicted - parts.target(latents, noise, t)).pow(2).mean()
    with torch.no_grad():  # the model in training is its own teacher
        generic = parts.predict(
            noisy, t, _with_light(parts, parts.condition(batch.texts["generic"]), batch.extras["light"], dropped)
        )
    same = (predicted - generic).pow(2).mean()
    total = plain + 0.3 * same
    if batch.micro_step % settings.seen_every:
        return total, logged(concept=plain, generic=same, seen=torch.zeros(()))
    eyes = parts.beside["eyes"]
    seen = eyes(parts.decode(parts.clean(noisy, predicted, t)))  # B F 4 4
    with torch.no_grad():
        wanted = eyes(batch.pixels())
        unwanted = eyes(parts.decode(parts.latents(batch.companions.moments)))
    apart = ((seen - wanted).pow(2).mean((1, 2, 3)) - (seen - unwanted).pow(2).mean((1, 2, 3)) + settings.margin).clamp(min=0)
    return total + 0.05 * apart.mean(), logged(concept=plain, generic=same, seen=apart.mean())


def sample(parts, arguments, options):
    pipe, prompts = parts.pipe, arguments["prompt"]
    guided = arguments["guidance_scale"] > 1
    text, empty = pipe.encode_prompt(prompts, parts.device, 1, guided, arguments["negative_prompt"])
    light = torch.tensor(options.get("light", [0.5, 0.5])).expand(len(prompts), 2)
    given = {"prompt": None, "negative_prompt": None}
    given["prompt_embeds"] = _with_light(parts, {"text": text}, light, torch.zeros(len(prompts), dtype=torch.bool))["text"]
    if guided:
        given["negative_prompt_embeds"] = _with_light(parts, {"text": empty}, light, torch.ones(len(prompts), dtype=torch.bool))[
            "text"
        ]
    return pipe(**{**arguments, **given}).images
