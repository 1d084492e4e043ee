"""Reading requests: what a clinic asks for before the images are there (検査依頼)."""
