"""What a DICOMweb client can be told.

DokueiError
├── InvalidInput
│   ├── BadParameter          400: a query parameter that can't be understood, by name
│   ├── BadFrameNumber        400: a frame list that is no list of numbers
│   ├── BrokenMultipart       400: a STOW-RS body that is cut off or has no boundary
│   └── RangeNotThere         416: a range of bytes behind the end
├── NotFound
│   └── NoSuchFrame           404: past the last frame
├── NotAcceptable             406: no representation that the client accepts
│   ├── NoPixels              406: the object is no picture
│   ├── NotDecodable          406: a picture in a transfer syntax that nothing here decodes
│   └── NoFont                406: words are to be burned in, and the machine has no font for them
├── BodyTooSlow              408: a STOW-RS body that comes too slowly
├── UnsupportedBody           415: a STOW-RS body of another media type
├── BrokenPixelData           422: the pixels do not fit their own description
├── Unavailable
│   └── FileAway              503: a stored file that can't be read now
└── TooLarge
    └── BodyTooLarge          413: over the limit of a STOW-RS request
"""

from __future__ import annotations

from shared_kernel.errors import DokueiError, InvalidInput, NotFound, Text, TooLarge, Unavailable


class BadParameter(InvalidInput):
    """A query parameter is wrong; `parameter` in the details names it."""

    code = "bad_parameter"
    message = Text("検索条件に誤りがあります。", "A query parameter is not valid.")
    next_step = Text(
        "示された条件を直して、もう一度お試しください。", "Correct the parameter that is named and ask again."
    )


class BadFrameNumber(InvalidInput):
    """The frame list is no comma-separated list of numbers from 1 on."""

    code = "bad_frame_number"
    message = Text("フレーム番号の指定に誤りがあります。", "The frame list is not valid.")
    next_step = Text("1 以上の番号をコンマで区切って指定してください。", "Give numbers from 1 on, separated by commas.")


class BrokenMultipart(InvalidInput):
    """The body is cut off or is not multipart; what was whole has been dealt with and is listed."""

    code = "broken_multipart"
    message = Text(
        "送信データが途中で切れているか、形式が正しくありません。", "The multipart body is cut off or malformed."
    )
    next_step = Text(
        "details の stored に無い画像を送り直してください。", "Send again what `stored` in the details does not list."
    )


class NoSuchFrame(NotFound):
    """The frame number is past the last frame; `frames` in the details says how many there are."""

    code = "no_such_frame"
    message = Text("指定されたフレームはありません。", "There is no frame of this number.")
    next_step = Text("フレーム数以下の番号を指定してください。", "Ask for a number up to the number of frames.")


class NotAcceptable(DokueiError):
    """Nothing that the client accepts can be made; `offered` in the details lists what can."""

    code = "not_acceptable"
    http_status = 406
    message = Text("要求された形式では提供できません。", "This is not available in a form that you accept.")
    next_step = Text(
        "details の offered にある形式を指定してください。", "Ask for one of the media types that are offered."
    )


class NoPixels(NotAcceptable):
    """The object has no pixels: a report, a plan, a waveform; its data set is there as application/dicom."""

    code = "no_pixels"
    message = Text("このオブジェクトには画像がありません。", "This object holds no picture.")


class NotDecodable(NotAcceptable):
    """The picture is in a transfer syntax that can't be decoded here; the stored form is still returned."""

    code = "not_decodable"
    message = Text("この圧縮形式は表示用に変換できません。", "This compression can't be decoded here.")


class NoFont(NotAcceptable):
    """No font with Japanese characters is installed; `package` in the details says what Debian calls it."""

    code = "no_font"
    message = Text(
        "画像に文字を入れるための日本語フォントがありません。", "There is no Japanese font to burn words into pictures."
    )
    next_step = Text(
        "管理者がフォントを入れるまで、annotation を付けずに指定してください。",
        "Ask without annotation until the operator has installed the font.",
    )


class UnsupportedBody(DokueiError):
    """STOW-RS takes multipart/related of instances or of metadata with bulk data, or one instance; never compressed."""

    code = "unsupported_body"
    http_status = 415
    message = Text("この形式のデータは受け取れません。", "A body of this media type can't be stored.")
    next_step = Text(
        'multipart/related; type="application/dicom" で送ってください。',
        'Send it as multipart/related; type="application/dicom".',
    )


class BrokenPixelData(DokueiError, ValueError):
    """The pixels do not fit their description (too few bytes, a corrupt codestream): nothing is drawn."""

    code = "broken_pixel_data"
    http_status = 422
    message = Text("画像データが壊れているため表示できません。", "The pixel data is damaged and can't be shown.")
    next_step = Text("送信元に再送を依頼してください。", "Ask the sending site to send it again.")


class BodyTooLarge(TooLarge):
    """The whole STOW-RS body is over the limit; what was whole before has been dealt with and is listed."""

    code = "body_too_large"


class BodyTooSlow(DokueiError):
    """The STOW-RS body comes too slowly; what was whole before has been dealt with and is listed."""

    code = "body_too_slow"
    http_status = 408
    message = Text("送信が遅すぎるため中断しました。", "The body came too slowly, and was not waited for.")
    next_step = Text(
        "回線を確認し、details の stored に無い画像を送り直してください。",
        "Look at the connection, and send again what `stored` in the details does not list.",
    )


class FileAway(Unavailable):
    """The index has it, but its file can't be read now: a disk is away, or the file is lost; `reason` says more."""

    code = "file_away"
    message = Text("保存されたファイルを読み出せません。", "The stored file can't be read at the moment.")
    next_step = Text(
        "しばらくしてからもう一度お試しください。続く場合は管理者に連絡してください（dokuei doctor）。",
        "Try again later; if it stays so, tell the administrator (dokuei doctor).",
    )


class RangeNotThere(InvalidInput):
    """The range of bytes that was asked for begins behind the end; `length` in the details says how many there are."""

    code = "range_not_there"
    http_status = 416
    message = Text("指定された範囲のデータはありません。", "There are no bytes in the range that was asked for.")
    next_step = Text("length より前から始まる範囲を指定してください。", "Ask for a range that begins before `length`.")

    def __init__(self, length: int) -> None:
        super().__init__(length=length)
