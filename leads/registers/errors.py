"""What a register can be refused for, as codes with parameters; edges translate the English text."""


class RegisterError(Exception):
    """The file as a whole cannot be read. `code` is a key of `messages.TEXTS`, `params` fill its placeholders."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params
