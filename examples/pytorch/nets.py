# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks in plain PyTorch. SqueezeNet and ResNet-50 are those of examples/convnet/networks, layer
by layer, under the same names with dots; nothing here knows of ergtrace."""
import torch
from torch import nn


class Fire(nn.Module):
    def __init__(self, inputs, squeeze, expand):
        super().__init__()
        self.squeeze1x1 = nn.Conv2d(inputs, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)  # one module in three places

    def forward(self, x):
        x = self.relu(self.squeeze1x1(x))
        return torch.cat([self.relu(self.expand1x1(x)), self.relu(self.expand3x3(x))], 1)


class SqueezeNet(nn.Module):
    """SqueezeNet 1.0 (arXiv:1602.07360)"""

    input = (3, 227, 227)
    reference = "squeezenet1.0"

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 7, stride=2)
        self.relu = nn.ReLU(inplace=True)
        self.pool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.fire2 = Fire(96, 16, 64)
        self.fire3 = Fire(128, 16, 64)
        self.fire4 = Fire(128, 32, 128)
        self.pool4 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.fire5 = Fire(256, 32, 128)
        self.fire6 = Fire(256, 48, 192)
        self.fire7 = Fire(384, 48, 192)
        self.fire8 = Fire(384, 64, 256)
        self.pool8 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.fire9 = Fire(512, 64, 256)
        self.drop9 = nn.Dropout()
        self.conv10 = nn.Conv2d(512, 1000, 1, padding=1)
        self.pool10 = nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        x = self.pool1(self.relu(self.conv1(x)))
        x = self.pool4(self.fire4(self.fire3(self.fire2(x))))
        x = self.pool8(self.fire8(self.fire7(self.fire6(self.fire5(x)))))
        x = self.drop9(self.fire9(x))
        return self.pool10(self.relu(self.conv10(x))).flatten(1)


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride, project):
        super().__init__()
        self.branch2a = nn.Conv2d(inputs, width, 1, stride=stride, bias=False)
        self.bn2a = nn.BatchNorm2d(width)
        self.branch2b = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2b = nn.BatchNorm2d(width)
        self.branch2c = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn2c = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.branch1 = nn.Conv2d(inputs, 4 * width, 1, stride=stride, bias=False) if project else None
        self.bn1 = nn.BatchNorm2d(4 * width) if project else None

    def forward(self, x):
        around = self.bn1(self.branch1(x)) if self.branch1 else x
        y = self.relu(self.bn2a(self.branch2a(x)))
        y = self.relu(self.bn2b(self.branch2b(y)))
        return self.relu(self.bn2c(self.branch2c(y)) + around)


class ResNet50(nn.Module):
    """ResNet-50, version 1: the stride of a stage is in its first 1x1 convolution (CVPR 2016)"""

    input = (3, 224, 224)
    reference = "resnet50"

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.pool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.blocks, inputs = [], 64
        for stage, (width, n) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), 2):
            for i in range(n):
                name = f"res{stage}{chr(ord('a') + i)}"
                stride = 2 if i == 0 and stage > 2 else 1
                self.add_module(name, Bottleneck(inputs, width, stride, i == 0))
                self.blocks.append(name)
                inputs = 4 * width
        self.pool5 = nn.AdaptiveAvgPool2d(1)
        self.fc1000 = nn.Linear(2048, 1000)

    def forward(self, x):
        x = self.pool1(self.relu(self.bn1(self.conv1(x))))
        for name in self.blocks:
            x = getattr(self, name)(x)
        return self.fc1000(self.pool5(x).flatten(1))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.gelu = nn.GELU()
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        y = self.norm1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.down(self.gelu(self.up(self.norm2(x))))


class Transformer(nn.Module):
    """A small transformer over patches of 16x16 pixels: 4 blocks of width 192, 3 heads"""

    input = (3, 224, 224)
    reference = None

    def __init__(self, width=192, blocks=4, heads=3, classes=1000):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 16, stride=16)
        self.position = nn.Parameter(torch.zeros(1, 196, width))
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(blocks)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2) + self.position
        return self.head(self.norm(self.blocks(x)).mean(1))


NETWORKS = {"squeezenet": SqueezeNet, "resnet50": ResNet50, "transformer": Transformer}
