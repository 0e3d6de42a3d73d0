"""A secret goes to the host it was given for, and to no other, whatever a redirect says."""

from scrapy.http import Request

from harvest.addresses import host_and_port


class Keys:
    """Takes secret headers off a request that was redirected to another host."""

    def process_request(self, request: Request) -> None:
        """Compare with the host that the spider put the secret on for."""
        keyed = request.meta.get("keyed")
        if keyed is not None and host_and_port(request.url) != tuple(keyed["place"]):
            for name in keyed["headers"]:
                request.headers.pop(name, None)
