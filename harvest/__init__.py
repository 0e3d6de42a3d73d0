"""What the sources say: candidates with their rights and, where permitted, their bytes. The only room that imports Scrapy."""
