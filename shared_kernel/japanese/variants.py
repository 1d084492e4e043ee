"""Characters that are one to a person who searches: the form that keys use, then the forms folded into it.

VARIANTS are kanji as people's names have them (旧字体, 異体字, vendors' extensions). RADICALS are those of the block
CJK Radicals Supplement (U+2E80–2EFF) that stand for a whole kanji in badly converted text and that NFKC leaves alone;
it maps the Kangxi block itself. Each character stands in one group only.
"""

from __future__ import annotations

VARIANTS = """
高髙 崎﨑嵜 斎齋齊斉 辺邉邊 浜濱濵 広廣 吉𠮷 柳栁桺 沢澤 桜櫻 島嶋嶌 国國圀 真眞 恵惠 栄榮 竜龍 富冨 瀬瀨 徳德
淵渕渊 藪薮籔 鴎鷗 桑桒 昇曻 槙槇 関關 黒黑 横橫 万萬 与與 条條 来來 亀龜 実實 宝寶寳 寿壽 円圓 学學 会會 県縣
塩鹽 静靜 清淸 緑綠 滝瀧 渓溪 弥彌 巌巖 鉄鐵 豊豐 礼禮 峰峯 剣劍劔劒 糸絲 総總 継繼 勲勳 薫薰 荘莊 蔵藏 隠隱
顕顯 鶏鷄 満滿 湾灣 為爲 猪豬 穂穗 粛肅 経經 聡聰 遥遙 団團 奥奧 姫姬 将將 専專 尭堯 峡峽 巻卷 帯帶 弁辨辯瓣
応應 慎愼 拠據 数數 暁曉 曽曾 桝枡 欧歐 気氣 浅淺 灯燈 渋澁 当當 労勞 戦戰 児兒 党黨 芸藝 写寫 対對 岳嶽 帰歸
髪髮 巣巢
"""

RADICALS = """
西⻄⻃ 長⻑ 民⺠ 母⺟ 青⻘ 食⻝ 骨⻣ 鬼⻤ 麦⻨麥 黄⻩黃 歯⻭齒 角⻆⻇ 首⻡ 羊⺶ 竹⺮ 虎⻁ 牛⺧ 月⺝⺼ 日⺜ 雨⻗
水⺢ 王⺩ 示⺬ 臼⺽ 卜⺊ 小⺌⺍ 巳⺒ 幺⺓ 斎⻫ 竜⻯ 亀⻲⻱
"""


def groups() -> list[str]:
    """All groups, the key's form first."""
    return (VARIANTS + RADICALS).split()


def folding() -> dict[int, str]:
    """A table for `str.translate`: every form to the one that keys use."""
    return {ord(form): group[0] for group in groups() for form in group[1:]}
